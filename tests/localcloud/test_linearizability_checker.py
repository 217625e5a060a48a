"""The linearizability checker: legal histories are, wrong answers are found, and neither takes long."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.history.errors import HistoryError
from campaign.history.judgment import problems_of
from campaign.history.linearizability import Verdict, check_linearizability
from campaign.history.records import RECORD, Outcome, Record
from localcloud.toolchain import golang
from localcloud.toolchain.checker import MODULE, ensure_linearizability_checker
from tests.unit.campaign.history.calls import (
    cas,
    delete,
    event,
    found,
    get,
    put,
    ranged,
    revoke,
    write_history,
)
from tests.unit.campaign.history.simulated_etcd import Workload, simulate
from tests.unit.campaign.history.wrong_answers import with_stale_read, with_wrong_answer

Check = Callable[..., Verdict]

LEASES = 1_000_000
"""More than the leases of a simulated history."""


@pytest.fixture(scope="module")
def checker() -> Path:
    return ensure_linearizability_checker()


@pytest.fixture
def check(checker: Path, tmp_path: Path) -> Check:
    def run(*records: Record, picture: Path | None = None, seconds: float = 60) -> Verdict:
        return check_linearizability(
            checker, [write_history(tmp_path / "history.jsonl", records)], picture=picture, seconds=seconds
        )

    return run


def test_calls_one_after_the_other_are_linearizable(check: Check) -> None:
    verdict = check(
        put(1, 2, "a", "x", revision=2),
        get(3, 4, "a", found("a", "x", 2), revision=2),
        cas(5, 6, "a", "y", expected="x", revision=3, succeeded=True),
        cas(7, 8, "a", "z", expected="x", revision=3, succeeded=False, read=[found("a", "y", 3)]),
        delete(9, 10, "a", revision=4),
        ranged(11, 12, "", revision=4),
    )
    assert (verdict.verdict, verdict.operations, verdict.problems) == ("ok", 6, [])


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                put(3, 4, "a", "y", revision=3),
                get(5, 6, "a", found("a", "x", 2), revision=3),
            ],
            id="a stale read",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                put(3, 4, "a", "y", revision=3),
                get(5, 6, "a", found("a", "x", 2), revision=2),
            ],
            id="a stale read with its old revision",
        ),
        pytest.param([put(1, 2, "a", "x", revision=2), get(3, 4, "a", revision=2)], id="a lost write"),
        pytest.param(
            [put(1, 2, "a", "x", revision=2), ranged(3, 4, "a", revision=2)],
            id="a write that a range does not find",
        ),
        pytest.param(
            [put(1, 2, "a", "x", revision=2), get(3, 4, "a", found("a", "x", 3), revision=3)],
            id="a write applied twice",
        ),
        pytest.param(
            [put(1, 2, "a", "x", revision=2), cas(3, 4, "a", "z", expected="y", revision=3, succeeded=True)],
            id="a swap though the value is another",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                cas(3, 4, "a", "z", expected_mod=0, revision=3, succeeded=True),
            ],
            id="a creation though the key exists",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                cas(3, 4, "a", "z", expected_mod=2, revision=2, succeeded=False),
            ],
            id="no swap though the revision is as expected",
        ),
        pytest.param(
            [put(1, 2, "a", "x", outcome=Outcome.FAILED), get(3, 4, "a", found("a", "x", 2), revision=2)],
            id="a failed write that took effect",
        ),
        pytest.param(
            [get(1, 2, "a", found("a", "x", 2), revision=2), put(3, 4, "a", "x", outcome=Outcome.UNKNOWN)],
            id="an unknown write before it began",
        ),
        pytest.param(
            [delete(1, 2, "a", revision=2)],
            id="a deleted key that never was",
        ),
        pytest.param(
            [put(1, 2, "a", "x", revision=2), delete(3, 4, "a", revision=2, deleted=0)],
            id="a key that was not deleted though it was there",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2, lease=7),
                revoke(3, 4, 7, revision=3),
                get(5, 6, "a", found("a", "x", 2), revision=3),
            ],
            id="a key that outlived its lease",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                put(3, 4, "a", "y", outcome=Outcome.UNKNOWN),
                get(5, 6, "a", found("a", "y", 3), revision=3),
                get(7, 8, "a", found("a", "x", 2), revision=3),
            ],
            id="an unknown write that was there and is gone",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                delete(3, 4, "a", outcome=Outcome.UNKNOWN),
                get(5, 6, "a", revision=3),
                get(7, 8, "a", found("a", "x", 2), revision=3),
            ],
            id="a deleted key that came back",
        ),
    ],
)
def test_a_wrong_answer_is_illegal(check: Check, records: list[Record]) -> None:
    verdict = check(*records)
    assert verdict.verdict == "illegal"
    assert verdict.problems


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(
            [
                put(1, 9, "a", "x", revision=2),
                get(2, 3, "a", revision=1),
                get(4, 5, "a", found("a", "x", 2), revision=2),
            ],
            id="a read during a write has the old or the new value",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                put(3, 4, "a", "y", outcome=Outcome.UNKNOWN),
                get(5, 6, "a", found("a", "x", 2), revision=2),
                get(7, 8, "a", found("a", "y", 3), revision=3),
            ],
            id="an unknown write takes effect late",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", outcome=Outcome.UNKNOWN),
                cas(3, 4, "a", "y", expected_mod=0, outcome=Outcome.UNKNOWN),
                delete(5, 6, "a", revision=3),
                get(7, 8, "a", revision=3),
            ],
            id="an unknown write explains a deletion",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                delete(3, 4, "a", outcome=Outcome.UNKNOWN),
                cas(5, 6, "a", "y", expected_mod=0, outcome=Outcome.UNKNOWN),
                cas(7, 8, "a", "z", expected="x", revision=4, succeeded=False),
                delete(9, 10, "a", revision=5),
            ],
            id="two unknown calls explain a comparison and a deletion",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2, lease=7),
                get(3, 4, "a", revision=3),
                get(5, 6, "a", revision=3),
            ],
            id="a lease ends",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", revision=2),
                put(1, 3, "b", "y", outcome=Outcome.UNKNOWN),
                put(4, 5, "b", "z", revision=9),
                delete(2, 3, "a", outcome=Outcome.UNKNOWN),
                ranged(6, 7, "", found("b", "z", 9), revision=9),
            ],
            id="an unknown deletion precedes a write of another key",
        ),
        pytest.param(
            [
                put(1, 2, "a", "x", outcome=Outcome.UNKNOWN),
                event(5, "a", "x", 2),
                put(3, 9, "a", "y", revision=3),
                get(6, 7, "a", found("a", "x", 2), revision=2),
            ],
            id="a watch saw an unknown write",
        ),
    ],
)
def test_what_can_have_happened_is_legal(check: Check, records: list[Record]) -> None:
    assert check(*records).verdict == "ok"


def test_a_read_without_consensus_has_no_place_in_the_order(check: Check) -> None:
    stale = get(5, 6, "a", found("a", "x", 2), revision=2, serializable=True)
    verdict = check(put(1, 2, "a", "x", revision=2), put(3, 4, "a", "y", revision=3), stale)
    assert (verdict.verdict, verdict.operations) == ("ok", 2)


def test_each_key_is_judged_alone_unless_a_range_reads_it(check: Check) -> None:
    writes = [
        put(1, 2, "a/1", "x", revision=2),
        put(3, 4, "a/2", "y", revision=3),
        put(5, 6, "b/1", "z", revision=4),
    ]
    assert check(*writes).partitions == 3
    assert (
        check(*writes, ranged(7, 8, "a/", found("a/1", "x", 2), found("a/2", "y", 3), revision=4)).partitions
        == 2
    )


def test_a_range_sees_its_keys_at_one_time(check: Check) -> None:
    verdict = check(
        put(1, 2, "a/1", "old", revision=2),
        put(3, 4, "a/1", "new", revision=3),
        put(5, 6, "a/2", "new", revision=4),
        ranged(1, 9, "a/", found("a/1", "old", 2), found("a/2", "new", 4), revision=4),
    )
    assert verdict.verdict == "illegal"
    assert verdict.failed[0].keys == ("a/1", "a/2")


# Each write has a value of its own, as campaigns have it.
workloads = st.builds(
    Workload,
    calls=st.integers(5, 150),
    clients=st.integers(1, 8),
    keys=st.sampled_from([("a/1",), ("a/1", "a/2", "b/1")]),
    unknown=st.sampled_from([0, 0.1, 0.4]),
    ranges=st.booleans(),
    leases=st.booleans(),
    blind=st.booleans(),
)


def together(histories: Iterable[Sequence[Record]]) -> list[Record]:
    """Return one history in which the given ones share no key, client or lease: each is judged for itself.

    A process for each of them would take most of the time.
    """
    return [
        RECORD.validate_python(_apart(record.model_dump(), number))
        for number, records in enumerate(histories)
        for record in records
    ]


def _apart(document: Any, number: int) -> Any:
    if isinstance(document, tuple):
        return tuple(_apart(item, number) for item in cast(tuple[Any, ...], document))
    if not isinstance(document, dict):
        return document
    changed = {name: _apart(item, number) for name, item in cast(dict[str, Any], document).items()}
    for name in changed.keys() & {"key", "prefix", "client"}:
        changed[name] = f"{number}:{changed[name]}"
    if changed.get("lease"):
        changed["lease"] += number * LEASES
    return changed


def illegal(verdict: Verdict) -> set[int]:
    """The numbers of the histories in ``together`` that are not linearizable."""
    return {
        int(key.split(":")[0])
        for failed in verdict.failed
        if failed.verdict == "illegal"
        for key in failed.keys
    }


seeded = st.tuples(st.integers(0, 2**32), workloads)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(seeded, min_size=15, max_size=15))
def test_a_cluster_that_keeps_its_promises_is_legal(check: Check, cases: list[tuple[int, Workload]]) -> None:
    verdict = check(*together(simulate(seed, workload).records for seed, workload in cases))
    assert verdict.verdict == "ok", verdict


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(seeded, st.integers(1, 4)), min_size=10, max_size=10))
def test_repeated_values_are_never_called_illegal(
    check: Check, cases: list[tuple[tuple[int, Workload], int]]
) -> None:
    histories = (
        simulate(seed, replace(workload, values=values)).records for (seed, workload), values in cases
    )
    # Who wrote what is open then, so the search can take too long.
    verdict = check(*together(histories), seconds=2)
    assert not illegal(verdict), verdict


def test_a_stale_read_among_many_calls_is_illegal(check: Check) -> None:
    histories = [with_stale_read(simulate(seed, Workload(calls=150)).records, seed) for seed in range(40)]
    assert illegal(check(*together(histories))) == set(range(40))


def test_nearly_each_wrong_answer_is_found(check: Check) -> None:
    executions = [simulate(seed, Workload(calls=150)) for seed in range(100)]
    histories = [with_wrong_answer(execution.records, seed) for seed, execution in enumerate(executions)]
    found_by_search = illegal(check(*together(histories)))
    missed = [
        seed
        for seed, (execution, records) in enumerate(zip(executions, histories, strict=True))
        if seed not in found_by_search and not problems_of(records, execution.members, execution.revision)
    ]
    assert len(missed) <= 2, missed


def processor_seconds() -> float:
    """What the checker has used so far, however busy the machine is."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def test_ten_thousand_calls_are_judged_in_seconds(check: Check, tmp_path: Path) -> None:
    execution = simulate(1, Workload(calls=10_000, clients=10, unknown=0.15))
    began = processor_seconds()
    assert check(*execution.records, seconds=300).verdict == "ok"
    picture = tmp_path / "picture.html"
    assert check(*with_stale_read(execution.records, 1), picture=picture, seconds=300).verdict == "illegal"
    assert processor_seconds() - began < 15
    assert picture.stat().st_size < 2_000_000


def test_a_picture_shows_where_a_history_fails(check: Check, tmp_path: Path) -> None:
    picture = tmp_path / "picture.html"
    check(put(1, 2, "a", "x", revision=2), get(3, 4, "a", revision=2), picture=picture)
    assert "put a=x: done at revision 2" in picture.read_text()


def test_a_legal_history_has_no_picture(check: Check, tmp_path: Path) -> None:
    check(put(1, 2, "a", "x", revision=2), picture=tmp_path / "picture.html")
    assert not (tmp_path / "picture.html").exists()


def test_too_little_time_proves_nothing(check: Check) -> None:
    verdict = check(*simulate(1, Workload(calls=500)).records, seconds=1e-9)
    assert verdict.verdict == "unknown"
    assert all("nothing is proven" in problem.text for problem in verdict.problems)
    assert verdict.problems


def test_too_little_memory_proves_nothing(checker: Path, tmp_path: Path) -> None:
    little = tmp_path / "checker"
    little.write_text(f'#!/bin/sh\nexec {checker} -memory=0 "$@"\n')
    little.chmod(0o755)
    history = write_history(tmp_path / "history.jsonl", tuple(simulate(1, Workload(calls=20)).records))
    verdict = check_linearizability(little, [history])
    assert (verdict.verdict, verdict.reason) == ("unknown", "0 MiB were not enough")
    assert verdict.problems


def test_a_call_that_was_written_twice_counts_once(check: Check) -> None:
    begun = put(1, None, "a", "x", outcome=Outcome.UNKNOWN, call=5)
    verdict = check(
        begun, put(1, 2, "a", "x", revision=2, call=5), get(3, 4, "a", found("a", "x", 2), revision=2)
    )
    assert (verdict.verdict, verdict.operations) == ("ok", 2)


def test_an_incomplete_last_line_is_left_out(checker: Path, tmp_path: Path) -> None:
    path = write_history(tmp_path / "history.jsonl", (put(1, 2, "a", "x", revision=2),))
    with path.open("a") as history:
        history.write('{"client": "c", "oper')
    assert check_linearizability(checker, [path]).operations == 1


def test_a_broken_line_is_an_error(checker: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("{\n{}\n")
    with pytest.raises(HistoryError, match=r"history\.jsonl: line 1"):
        check_linearizability(checker, [path])


def test_a_changed_checker_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(module: str, package: str, output: Path, show: object) -> None:
        output.write_text(f"{module} {package}")

    shutil.copytree(golang.MODULES / MODULE, tmp_path / MODULE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(golang, "MODULES", tmp_path)
    monkeypatch.setattr(golang, "build", build)
    first = ensure_linearizability_checker()
    with (tmp_path / MODULE / "model.go").open("a") as source:
        source.write("// changed\n")
    assert ensure_linearizability_checker() != first
