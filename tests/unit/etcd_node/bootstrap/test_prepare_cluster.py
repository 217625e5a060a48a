"""Steps to join a running cluster, rechecks of the disk, and the bootstrap endpoint."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import Decision, PeerState
from etcd_node.bootstrap.bootstrap_server import BootstrapEndpoint, parse_decision
from etcd_node.bootstrap.reconcile import (
    EAGER_PERIOD,
    HEALTHY_INTERVAL,
    LEADERLESS_LIMIT,
    PATIENT_INTERVAL,
    ClusterView,
    RunState,
    listing_is_due,
    needs_recheck,
)
from etcd_node.etcd.local_metrics import LocalMetrics
from etcd_node.etcd.membership import (
    Add,
    ListedMember,
    MemberList,
    Remove,
    Wait,
    initial_cluster,
    rejoin_step,
    unconnected,
    was_removed,
)
from etcd_node.etcd.wal import Contents, Disk, Identity


def listed(number: int, *, started: bool = True, learner: bool = False) -> ListedMember:
    return ListedMember(number, f"m{number}" if started else "", (f"https://m{number}:2380",), learner)


def member_list(*members: ListedMember) -> MemberList:
    return MemberList(77, members)


def test_the_entry_of_a_member_without_data_is_removed_first() -> None:
    assert rejoin_step("m3", member_list(listed(1), listed(2), listed(3))) == Remove(3)


def test_an_entry_that_never_started_is_removed_as_well() -> None:
    assert rejoin_step(
        "m3", member_list(listed(1), listed(2), listed(3, started=False, learner=True))
    ) == Remove(3)


def test_a_member_that_is_not_listed_is_added() -> None:
    assert rejoin_step("m3", member_list(listed(1), listed(2))) == Add()


def test_a_member_waits_while_another_is_a_learner() -> None:
    step = rejoin_step("m3", member_list(listed(1), listed(2, learner=True)))
    assert isinstance(step, Wait)
    assert "m2" in step.reason


def test_the_last_member_is_never_removed() -> None:
    assert isinstance(rejoin_step("m1", member_list(listed(1))), Wait)


def test_the_initial_cluster_has_the_urls_of_the_list() -> None:
    members = member_list(listed(1), listed(2, started=False), listed(3, started=False))
    assert initial_cluster("m3", members) == {f"m{n}": f"https://m{n}:2380" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("member", "cluster", "removed"),
    [(3, 77, True), (2, 77, False), (3, 78, False)],
    ids=["not listed", "listed", "another cluster"],
)
def test_only_a_quorum_of_the_same_cluster_shows_a_removal(member: int, cluster: int, removed: bool) -> None:
    assert was_removed(member, cluster, member_list(listed(1), listed(2))) is removed


def test_members_without_a_connection_are_named() -> None:
    assert unconnected(1, [listed(1), listed(2), listed(3)], frozenset({2})) == ["m3"]


def health(
    *, leader: bool = True, seen: int = 1, active: frozenset[int] = frozenset({2, 3}), started: float = 0
) -> LocalMetrics:
    return LocalMetrics(1, leader, seen, False, active, started)


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (ClusterView(health(), (listed(1), listed(2), listed(3))), ""),
        (
            ClusterView(health(active=frozenset({2})), (listed(1), listed(2), listed(3))),
            "no connection to m3",
        ),
        (ClusterView(health(leader=False), ()), "etcd has no leader"),
        (ClusterView(None, ()), "etcd does not answer"),
    ],
)
def test_a_problem_is_named(view: ClusterView, problem: str) -> None:
    assert view.problem == problem


def test_a_healthy_member_rarely_lists_the_droplets() -> None:
    assert not listing_is_due(RunState(listed_at=1000), "", 1000 + HEALTHY_INTERVAL - 1)
    assert listing_is_due(RunState(listed_at=1000), "", 1000 + HEALTHY_INTERVAL)


def test_a_problem_makes_every_run_list_the_droplets_then_fewer_runs() -> None:
    assert listing_is_due(RunState(listed_at=1000, problem_since=1000), "lost", 1001)
    late = 1000 + EAGER_PERIOD
    assert not listing_is_due(
        RunState(listed_at=late, problem_since=1000), "lost", late + PATIENT_INTERVAL - 1
    )
    assert listing_is_due(RunState(listed_at=late, problem_since=1000), "lost", late + PATIENT_INTERVAL)


EMPTY_BOOTSTRAP_LOG, DATA = (
    Disk(Contents.EMPTY_BOOTSTRAP_LOG, Identity(1, 77)),
    Disk(Contents.DATA, Identity(1, 77)),
)


@pytest.mark.parametrize(
    ("metrics", "disk", "removed", "again"),
    [
        pytest.param(
            health(leader=False, seen=0), EMPTY_BOOTSTRAP_LOG, False, True, id="a bootstrap without a leader"
        ),
        pytest.param(health(leader=False, seen=1), EMPTY_BOOTSTRAP_LOG, False, False, id="it had a leader"),
        pytest.param(
            health(leader=False, seen=0, started=1),
            EMPTY_BOOTSTRAP_LOG,
            False,
            False,
            id="it has just started",
        ),
        pytest.param(health(leader=False, seen=0), DATA, False, False, id="it has data"),
        pytest.param(None, DATA, False, False, id="etcd is down"),
        pytest.param(None, DATA, True, True, id="it was removed"),
    ],
)
def test_a_disk_is_rechecked_only_for_a_reason(
    metrics: LocalMetrics | None, disk: Disk, removed: bool, again: bool
) -> None:
    assert needs_recheck(metrics, disk, LEADERLESS_LIMIT, removed) is again


def decision(endpoint: BootstrapEndpoint, **changed: str) -> Decision:
    return Decision(changed.get("token", "token"), {"m2": changed.get("instance", endpoint.report.instance)})


def test_a_decision_that_names_this_run_is_accepted_once() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    made = decision(endpoint)
    assert endpoint.accept(made, ["m1"])
    assert endpoint.wait_for_decision(0) == made
    assert endpoint.report.state is PeerState.DECIDED
    assert not endpoint.accept(made, ["m1"])
    assert not endpoint.withdraw()


@pytest.mark.parametrize("changed", [{"instance": "another run"}, {"token": "another cluster"}])
def test_a_decision_about_another_run_or_cluster_is_refused(changed: dict[str, str]) -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    assert not endpoint.accept(decision(endpoint, **changed), ["m1"])


def test_only_the_deciding_member_can_send_a_decision() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    assert not endpoint.accept(decision(endpoint), ["m3", "localhost"])


def test_a_member_that_starts_to_rejoin_refuses_earlier_decisions() -> None:
    endpoint = BootstrapEndpoint("m2", "token", "m1")
    before = decision(endpoint)
    assert endpoint.withdraw()
    assert not endpoint.accept(before, ["m1"])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1, "instances": 2}'])
def test_a_request_without_a_decision_is_refused(body: bytes) -> None:
    assert parse_decision(body) is None
