"""What a member does about a running cluster, and when it looks again."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import Decision, Kind
from etcd_node.bootstrap.bootstrap_server import BootstrapEndpoint, parse_decision
from etcd_node.bootstrap.reconcile import (
    EAGER,
    LEADERLESS,
    PATIENT,
    SLOW,
    Memory,
    Observation,
    listing_is_due,
    needs_second_look,
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


def test_an_old_self_is_removed_first() -> None:
    assert rejoin_step("m3", member_list(listed(1), listed(2), listed(3))) == Remove(3)


def test_an_old_self_that_never_started_is_removed_as_well() -> None:
    assert rejoin_step(
        "m3", member_list(listed(1), listed(2), listed(3, started=False, learner=True))
    ) == Remove(3)


def test_a_member_that_is_not_on_the_list_is_added() -> None:
    assert rejoin_step("m3", member_list(listed(1), listed(2))) == Add()


def test_one_learner_at_a_time() -> None:
    step = rejoin_step("m3", member_list(listed(1), listed(2, learner=True)))
    assert isinstance(step, Wait)
    assert "m2" in step.reason


def test_the_last_member_is_never_removed() -> None:
    assert isinstance(rejoin_step("m1", member_list(listed(1))), Wait)


def test_the_cluster_to_join_has_the_lists_own_urls() -> None:
    members = member_list(listed(1), listed(2, started=False), listed(3, started=False))
    assert initial_cluster("m3", members) == {f"m{n}": f"https://m{n}:2380" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("member", "cluster", "absent"),
    [(3, 77, True), (2, 77, False), (3, 78, False)],
    ids=["gone", "there", "another"],
)
def test_only_the_quorum_of_the_same_cluster_can_say_that_a_member_was_removed(
    member: int, cluster: int, absent: bool
) -> None:
    assert was_removed(member, cluster, member_list(listed(1), listed(2))) is absent


def test_members_without_a_connection_are_named() -> None:
    assert unconnected(1, [listed(1), listed(2), listed(3)], frozenset({2})) == ["m3"]


def health(
    *, leader: bool = True, seen: int = 1, active: frozenset[int] = frozenset({2, 3}), started: float = 0
) -> LocalMetrics:
    return LocalMetrics(1, leader, seen, False, active, started)


@pytest.mark.parametrize(
    ("sighting", "trouble"),
    [
        (Observation(health(), (listed(1), listed(2), listed(3))), ""),
        (
            Observation(health(active=frozenset({2})), (listed(1), listed(2), listed(3))),
            "no connection to m3",
        ),
        (Observation(health(leader=False), ()), "etcd has no leader"),
        (Observation(None, ()), "etcd does not answer"),
    ],
)
def test_a_trouble_is_named(sighting: Observation, trouble: str) -> None:
    assert sighting.trouble == trouble


def test_the_api_is_left_alone_while_nothing_is_wrong() -> None:
    assert not listing_is_due(Memory(listed=1000), "", 1000 + SLOW - 1)
    assert listing_is_due(Memory(listed=1000), "", 1000 + SLOW)


def test_the_api_is_asked_at_every_look_while_somebody_is_lost_and_later_less() -> None:
    assert listing_is_due(Memory(listed=1000, troubled=1000), "lost", 1001)
    late = 1000 + EAGER
    assert not listing_is_due(Memory(listed=late, troubled=1000), "lost", late + PATIENT - 1)
    assert listing_is_due(Memory(listed=late, troubled=1000), "lost", late + PATIENT)


EMPTY_BOOTSTRAP_LOG, DATA = (
    Disk(Contents.EMPTY_BOOTSTRAP_LOG, Identity(1, 77)),
    Disk(Contents.DATA, Identity(1, 77)),
)


@pytest.mark.parametrize(
    ("state", "disk", "absent", "again"),
    [
        pytest.param(
            health(leader=False, seen=0), EMPTY_BOOTSTRAP_LOG, False, True, id="a founding got stuck"
        ),
        pytest.param(health(leader=False, seen=1), EMPTY_BOOTSTRAP_LOG, False, False, id="it had a leader"),
        pytest.param(
            health(leader=False, seen=0, started=1), EMPTY_BOOTSTRAP_LOG, False, False, id="it has only begun"
        ),
        pytest.param(health(leader=False, seen=0), DATA, False, False, id="it has data"),
        pytest.param(None, DATA, False, False, id="etcd is down"),
        pytest.param(None, DATA, True, True, id="it was removed"),
    ],
)
def test_a_disk_is_looked_at_again_only_for_a_reason(
    state: LocalMetrics | None, disk: Disk, absent: bool, again: bool
) -> None:
    assert needs_second_look(state, disk, LEADERLESS, absent) is again


def decision(stand: BootstrapEndpoint, **changed: str) -> Decision:
    return Decision(changed.get("token", "token"), {"m2": changed.get("instance", stand.report.instance)})


def test_a_decision_of_the_decider_about_this_run_is_accepted_once() -> None:
    stand = BootstrapEndpoint("m2", "token", "m1")
    made = decision(stand)
    assert stand.accept(made, ["m1"])
    assert stand.wait_for_decision(0) == made
    assert stand.report.kind is Kind.DECIDED
    assert not stand.accept(made, ["m1"])
    assert not stand.withdraw()


@pytest.mark.parametrize("changed", [{"instance": "another run"}, {"token": "another cluster"}])
def test_a_decision_about_something_else_is_refused(changed: dict[str, str]) -> None:
    stand = BootstrapEndpoint("m2", "token", "m1")
    assert not stand.accept(decision(stand, **changed), ["m1"])


def test_a_decision_of_somebody_else_is_refused() -> None:
    stand = BootstrapEndpoint("m2", "token", "m1")
    assert not stand.accept(decision(stand), ["m3", "localhost"])


def test_a_member_that_begins_to_rejoin_refuses_decisions_made_before() -> None:
    stand = BootstrapEndpoint("m2", "token", "m1")
    before = decision(stand)
    assert stand.withdraw()
    assert not stand.accept(before, ["m1"])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1, "instances": 2}'])
def test_a_request_that_is_no_decision_is_refused(body: bytes) -> None:
    assert parse_decision(body) is None
