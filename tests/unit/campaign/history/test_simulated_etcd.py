"""Histories of a cluster that keeps its promises have no problems; a wrong answer is one."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.history.judgment import problems_of
from campaign.history.records import Call, KeyValue, LeaseExpired, Outcome, Record, WatchEnd

from .simulated_etcd import Workload, simulate
from .wrong_answers import with_stale_read

workloads = st.builds(
    Workload,
    calls=st.integers(5, 150),
    clients=st.integers(1, 8),
    unknown=st.sampled_from([0, 0.1, 0.4]),
    values=st.sampled_from([0, 0, 2]),
    leases=st.booleans(),
    blind=st.booleans(),
)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), workload=workloads)
def test_a_cluster_that_keeps_its_promises_has_no_problems(seed: int, workload: Workload) -> None:
    execution = simulate(seed, workload)
    assert not problems_of(execution.records, execution.members, execution.revision)


def test_a_stale_read_is_a_problem() -> None:
    for seed in range(40):
        execution = simulate(seed, Workload(calls=150))
        records = with_stale_read(execution.records, seed)
        assert any(problem.check == "reads" for problem in problems_of(records, {})), seed


def test_a_member_that_lost_a_key_is_a_problem() -> None:
    for seed in range(20):
        execution = simulate(seed, Workload(calls=150, unknown=0, leases=False))
        members: dict[str, list[KeyValue]] = {**execution.members}
        name, kvs = next(iter(members.items()))
        members[name] = kvs[1:]
        assert any(problem.check == "present" for problem in problems_of(execution.records, members)), seed


def test_simulated_clients_see_all_kinds_of_outcomes() -> None:
    records = [record for seed in range(10) for record in simulate(seed, Workload(calls=300)).records]
    for seen in CASES:
        assert any(map(seen, records))


CASES: tuple[Callable[[Record], bool], ...] = (
    lambda record: isinstance(record, Call) and record.outcome is Outcome.UNKNOWN,
    lambda record: isinstance(record, Call) and record.outcome is Outcome.FAILED,
    lambda record: isinstance(record, LeaseExpired),
    lambda record: isinstance(record, WatchEnd),
)
