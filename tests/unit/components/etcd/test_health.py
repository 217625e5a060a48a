"""When a member counts as healthy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.etcd.health import listed_names, problems, unreachable
from components.etcd.member_status import Cause, MemberStatus, NoStatus

NAMES = ("a", "b", "c")
HEALTHY = MemberStatus("c1", "m1", "m1", learner=False, problem="", voters=frozenset(NAMES), ids={})


def test_members_that_agree_are_healthy() -> None:
    assert problems(NAMES, dict.fromkeys(NAMES, HEALTHY)) == {}


@pytest.mark.parametrize(
    ("observation", "problem"),
    [
        (NoStatus("connection refused"), "connection refused"),
        (replace(HEALTHY, problem="ALARM NOSPACE"), "ALARM NOSPACE"),
        (replace(HEALTHY, learner=True), "it is a learner that has not been promoted yet"),
        (replace(HEALTHY, leader="0"), "it has no leader"),
        (replace(HEALTHY, cluster_id="c2"), "it is in cluster c2, and the others are in c1"),
        (replace(HEALTHY, leader="m2"), "it follows leader m2, and the others follow m1"),
        (replace(HEALTHY, voters=frozenset("ab")), "it does not list c as a started voting member"),
    ],
)
def test_the_unhealthy_member_is_named_with_its_problem(
    observation: MemberStatus | NoStatus, problem: str
) -> None:
    assert problems(NAMES, {"a": HEALTHY, "b": HEALTHY, "c": observation}) == {"c": problem}


def test_a_member_that_was_not_named_may_be_unhealthy() -> None:
    assert problems(("a", "b"), {"a": HEALTHY, "b": HEALTHY, "c": NoStatus("gone")}) == {}


def test_others_need_not_list_a_member_that_does_not_answer() -> None:
    fewer = replace(HEALTHY, voters=frozenset("ab"))
    assert problems(NAMES, {"a": fewer, "b": fewer, "c": NoStatus("gone")}) == {"c": "gone"}


def test_listed_names_are_those_in_any_members_list() -> None:
    observations = {"a": replace(HEALTHY, ids={"a": "1", "d": "4"}), "b": NoStatus("gone")}
    assert listed_names(observations) == {"a", "d"}


def test_members_are_unreachable_when_none_sends_anything_back() -> None:
    dropped = NoStatus("https://10.10.0.2:2379: TimeoutError: no answer in time", Cause.SILENT)
    assert unreachable({"a": dropped, "b": dropped})
    assert unreachable({"a": dropped, "b": NoStatus("none", Cause.NO_DROPLET)})
    assert not unreachable({"b": NoStatus("none", Cause.NO_DROPLET)})
    assert not unreachable({"a": dropped, "b": HEALTHY})
    for cause in (Cause.REFUSED, Cause.UNRESPONSIVE, Cause.CERTIFICATE, Cause.STRANGE, Cause.UNLISTED):
        assert not unreachable({"a": dropped, "b": NoStatus("an answer", cause)})
