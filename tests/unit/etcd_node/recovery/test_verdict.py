"""What ``recover check`` says follows from the survey, and ends with a command that discards nothing."""

from __future__ import annotations

import itertools

import pytest
from etcd_node.etcd.client import UNMANAGED
from etcd_node.etcd.membership import ListedMember, MemberList
from etcd_node.etcd.wal import Contents
from etcd_node.recovery.survey import MemberObservation, MemberState, Survey
from etcd_node.recovery.verdict import STEPS, step, verdict

CHECK = "python3 -ES /etc/etcd/prepare_cluster.py recover check"
MAY_BE_A_QUORUM = (MemberState.SILENT, MemberState.REFUSES)


def test_a_follower_without_a_majority_is_no_reason_to_recover() -> None:
    follower = MemberObservation("m2", MemberState.HAS_LEADER)
    found = verdict(Survey((follower,), voters=frozenset({"m1", "m2", "m3", "m4"})), Contents.DATA)
    assert found[-1].endswith(CHECK)


def survey(*states: MemberState) -> Survey:
    return Survey(tuple(MemberObservation(f"m{number}", state) for number, state in enumerate(states, 2)))


@pytest.mark.parametrize(
    ("states", "own", "end"),
    [
        ((MemberState.REFUSES, MemberState.OFF), Contents.DATA, CHECK),
        ((MemberState.SILENT, MemberState.BLANK), Contents.DATA, CHECK),
        ((MemberState.OFF, MemberState.BLANK), Contents.DATA, CHECK),
        ((MemberState.NO_DROPLET, MemberState.BLANK), Contents.DATA, CHECK),
        ((MemberState.NO_LEADER, MemberState.BLANK), Contents.BLANK, CHECK),
        ((MemberState.STOPPED, MemberState.BLANK), Contents.DATA, CHECK),
        ((MemberState.BLANK, MemberState.BLANK), Contents.DATA, "recover alone"),
        ((MemberState.BLANK, MemberState.BLANK), Contents.BLANK, "recover from-backup NAME"),
        ((MemberState.HAS_LEADER, MemberState.OFF), Contents.DATA, "etcdctl member list -w table"),
    ],
)
def test_each_verdict_ends_with_its_command(states: tuple[MemberState, ...], own: Contents, end: str) -> None:
    assert verdict(survey(*states), own)[-1].endswith(end)


@pytest.mark.parametrize(
    ("detail", "end"),
    [
        ("", "systemctl start etcd"),
        ("success", "systemctl start etcd"),
        ("walpb: crc mismatch", "journalctl -u etcd -n 50"),
        ("has data without a log", "journalctl -u etcd -n 50"),
    ],
)
def test_the_step_for_a_stopped_member_follows_what_it_says(detail: str, end: str) -> None:
    assert step(MemberObservation("m2", MemberState.STOPPED, detail)).endswith(end)


def test_a_confirmed_quorum_is_named() -> None:
    confirmed = MemberList(1, (ListedMember(7, "m2", (), learner=False),))
    (only,) = verdict(Survey((), confirmed), Contents.BLANK)
    assert only.startswith("The cluster has a quorum. Its voters are m2. ")
    assert "whose etcd does not run: docs/recovery.md. " in only


def test_a_quorum_that_nobody_confirmed_is_of_those_that_follow_a_leader() -> None:
    (only,) = verdict(survey(MemberState.HAS_LEADER), Contents.BLANK)
    assert only.startswith("The cluster has a quorum. These members follow a leader: m2. ")


@pytest.mark.parametrize(
    "seen",
    [
        Survey((MemberObservation("m2", MemberState.HAS_LEADER, f"{UNMANAGED} (permission denied)"),)),
        Survey((), follower="m2", refusal=f"m2: {UNMANAGED} (permission denied)"),
    ],
    ids=["another member's", "its own"],
)
def test_authentication_switched_on_by_hand_is_what_the_verdict_speaks_of(seen: Survey) -> None:
    (only,) = verdict(seen, Contents.DATA)
    assert only.startswith(
        "The cluster has a quorum. These members follow a leader: m2, but authentication was switched on by hand"
    )
    assert only.endswith("set etcd:auth to false, and run pulumi up")


def test_no_verdict_names_a_recovery_while_another_member_may_have_data() -> None:
    for states in itertools.product(MemberState, repeat=2):
        for own in Contents:
            text = " ".join(verdict(survey(*states), own))
            assert "--silent-are-down" not in text
            if any(word in text for word in ("recover alone", "from-backup")):
                assert set(states) == {MemberState.BLANK}


def test_every_state_that_may_keep_data_has_a_step() -> None:
    assert set(STEPS) == set(MemberState) - {MemberState.BLANK}
    for state in MAY_BE_A_QUORUM:
        assert "may run in a quorum" in STEPS[state]
