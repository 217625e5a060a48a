from __future__ import annotations

from dataclasses import replace

import pytest

from components.etcd.member_status import Cause, NoStatus
from console.local.answers import Answer
from console.local.members import Inside, Known, shown_members
from console.view.members import Certificate, Member, ShutdownBlock
from tests.unit.console.local.listings import NAMES, answer, cloud_state, droplet, known, machine

ONE, TWO, THREE = NAMES
SILENT = Answer(NoStatus("https://203.0.113.2:2379: no answer in time", Cause.SILENT))


def shown(now: Known) -> list[Member]:
    return shown_members(NAMES, now)


def with_second(given: Answer | None = SILENT, inside: Inside | None = None) -> Member:
    """The second member, when it answers this and its machine tells that."""
    now = known()
    answers = {name: one for name, one in now.answers.items() if name != TWO}
    return shown(
        replace(
            now,
            answers=answers if given is None else answers | {TWO: given},
            inside={**now.inside, TWO: inside or Inside(machine())},
        )
    )[1]


def test_a_healthy_member_is_shown_with_all_that_is_known() -> None:
    assert shown(known())[0] == Member(
        name=ONE,
        number=1,
        droplet_id=1001,
        power="active",
        public_address="203.0.113.1",
        private_address="10.10.0.1",
        record="203.0.113.1",
        role="leader",
        waiting_for="",
        healthy=True,
        problem="",
        version="3.6.16",
        database_bytes=20480,
        quota_bytes=1 << 30,
        certificates=[Certificate(purpose="server", ends=2000.0)],
        shutdown=ShutdownBlock(blocked=False, reason="all other members are healthy"),
        cut_off=False,
    )


def test_the_others_follow_the_leader() -> None:
    assert [member.role for member in shown(known())] == ["leader", "follower", "follower"]


def test_answers_of_before_and_after_an_election_are_no_bad_health() -> None:
    now = known()
    other = replace(now.answers[TWO].observation, leader="2")
    disagreeing = replace(now, answers=now.answers | {TWO: replace(now.answers[TWO], observation=other)})
    assert shown(disagreeing)[1].healthy is False
    doubted = shown(replace(disagreeing, elected=dict.fromkeys(NAMES, "just elected")))[1]
    assert (doubted.healthy, doubted.problem) == (None, "just elected")


def test_a_learner_is_no_healthy_member() -> None:
    member = with_second(answer(2, learner=True))
    assert (member.role, member.healthy) == ("learner", False)
    assert member.problem == "it is a learner that has not been promoted yet"


def test_a_member_that_was_not_asked_yet_is_unknown() -> None:
    member = with_second(None)
    assert (member.role, member.healthy, member.problem, member.version) == (None, None, "", None)


def test_a_member_without_a_droplet_is_absent() -> None:
    member = shown(known(state=cloud_state(droplets=[droplet(1), droplet(3)])))[1]
    assert (member.power, member.role, member.droplet_id, member.public_address) == (
        "absent",
        "stopped",
        None,
        None,
    )
    assert (member.healthy, member.problem) == (False, "it has no droplet")


@pytest.mark.parametrize(
    ("status", "power", "problem"),
    [("off", "off", "its droplet is off"), ("new", "new", "its droplet is being created")],
)
def test_a_droplet_that_does_not_run_runs_no_member(status: str, power: str, problem: str) -> None:
    droplets = [droplet(1), droplet(2, status=status), droplet(3)]
    member = shown(known(state=cloud_state(droplets=droplets)))[1]
    assert (member.power, member.role, member.healthy, member.problem) == (power, "stopped", False, problem)
    assert member.shutdown is None


def test_of_two_droplets_of_one_name_the_newer_one_is_shown() -> None:
    droplets = [droplet(1), droplet(2, id=2002), droplet(2), droplet(3)]
    assert shown(known(state=cloud_state(droplets=droplets)))[1].droplet_id == 2002


def test_a_droplet_without_the_clusters_tag_is_not_the_members() -> None:
    droplets = [droplet(1), droplet(2, tags=["other"]), droplet(3)]
    assert shown(known(state=cloud_state(droplets=droplets)))[1].power == "absent"


def test_a_paused_machine_has_an_unknown_role() -> None:
    now = known(state=cloud_state(paused=frozenset({1002})))
    member = shown(replace(now, answers={**now.answers, TWO: SILENT}))[1]
    assert (member.power, member.role, member.healthy) == ("paused", None, False)


def test_a_machine_that_is_cut_off_says_so() -> None:
    assert [member.cut_off for member in shown(known(state=cloud_state(cut_off=frozenset({1002}))))] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("inside", "role"),
    [
        (Inside(machine(etcd=False, preparing=True), has_data=False, words="waiting"), "waiting"),
        (Inside(machine(etcd=False), has_data=False, words="installed"), "blank"),
        (Inside(machine(etcd=False), has_data=True, words="closed"), "stopped"),
    ],
)
def test_a_member_that_does_not_serve_is_quoted(inside: Inside, role: str) -> None:
    member = with_second(SILENT, inside)
    assert (member.role, member.waiting_for, member.healthy) == (role, inside.words, False)
    assert member.problem == "https://203.0.113.2:2379: no answer in time"


def test_an_etcd_that_runs_and_does_not_answer_has_an_unknown_role() -> None:
    member = with_second(SILENT, Inside(machine(), has_data=True, words="elected leader"))
    assert (member.role, member.waiting_for) == (None, "")


def test_the_quota_of_an_older_etcd_is_that_of_its_settings() -> None:
    assert with_second(replace(answer(2), quota_bytes=None)).quota_bytes == 2 << 30


def test_a_guard_that_blocks_says_why() -> None:
    member = with_second(answer(2), Inside(machine(blocks="etcd-server-3.example.test is unhealthy")))
    assert member.shutdown == ShutdownBlock(blocked=True, reason="etcd-server-3.example.test is unhealthy")


def test_a_guard_that_allows_says_why() -> None:
    now = known()
    members = shown(replace(now, answers={**now.answers, THREE: SILENT}))
    assert [member.shutdown.reason for member in members if member.shutdown] == [
        "its guard does not block it",
        "its guard does not block it",
        "all other members are healthy",
    ]
    assert with_second(answer(2), Inside(machine(guarded=False))).shutdown == ShutdownBlock(
        blocked=False, reason="its guard does not run"
    )


def test_records_are_unknown_while_the_name_server_does_not_answer() -> None:
    assert {member.record for member in shown(known(records=None))} == {None}
    assert {member.record for member in shown(known(records={}))} == {""}
