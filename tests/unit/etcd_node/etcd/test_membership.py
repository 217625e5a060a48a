"""Steps to join a running cluster, and questions to a member list."""

from __future__ import annotations

import pytest
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


HAND_MADE = ListedMember(0xAB, "", ("https://10.9.9.9:2380",), learner=True)
"""A learner that somebody added with etcdctl."""


@pytest.mark.parametrize("voters", [2, 3, 4])
def test_a_member_joins_as_a_voter_beside_a_learner_added_by_hand(voters: int) -> None:
    others = [listed(number) for number in range(1, voters + 1)]
    assert rejoin_step("m9", member_list(*others, HAND_MADE)) == Add(learner=False)


def test_a_single_voter_gets_no_second_one_that_may_never_start() -> None:
    step = rejoin_step("m3", member_list(listed(1), HAND_MADE))
    assert isinstance(step, Wait)
    assert "etcdctl member remove ab" in step.reason


def test_voters_added_by_hand_do_not_keep_a_member_from_joining() -> None:
    voter = ListedMember(0xAB, "extra", ("https://10.9.9.9:2380",), learner=False)
    assert rejoin_step("m3", member_list(listed(1), listed(2), voter)) == Add()


def test_the_last_member_is_never_removed() -> None:
    assert isinstance(rejoin_step("m1", member_list(listed(1))), Wait)


def test_the_initial_cluster_has_the_urls_of_the_list() -> None:
    members = member_list(listed(1), listed(2, started=False), listed(3, started=False))
    assert initial_cluster("m3", members) == {f"m{n}": f"https://m{n}:2380" for n in (1, 2, 3)}


def test_the_initial_cluster_has_all_urls_of_members_added_by_hand() -> None:
    one, two = "https://10.9.9.9:2380", "https://10.9.9.9:2390"
    members = [
        listed(1),
        listed(3, started=False),
        ListedMember(0xAB, "default", (one, two), learner=False),
        ListedMember(0xCD, "default", ("https://10.9.9.8:2380",), learner=False),
        ListedMember(0xEF, "", ("https://10.9.9.8:2390",), learner=True),
    ]
    assert initial_cluster("m3", member_list(*members)) == {
        "m1": "https://m1:2380",
        "m3": "https://m3:2380",
        "ab": f"{one},ab={two}",
        "cd": "https://10.9.9.8:2380",
        "ef": "https://10.9.9.8:2390",
    }


@pytest.mark.parametrize(
    ("member", "cluster", "removed"),
    [(3, 77, True), (2, 77, False), (3, 78, False)],
    ids=["not listed", "listed", "another cluster"],
)
def test_only_a_quorum_of_the_same_cluster_shows_a_removal(member: int, cluster: int, removed: bool) -> None:
    assert was_removed(member, cluster, member_list(listed(1), listed(2))) is removed


def test_members_without_a_connection_are_named() -> None:
    assert unconnected(1, [listed(1), listed(2), listed(3)], frozenset({2})) == ["m3"]
