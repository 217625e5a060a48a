"""The program takes down one member at a time, and none while another one is unhealthy."""

from __future__ import annotations

from campaign.machines.shutdowns import (
    UNHEALTHY_SECONDS,
    Observation,
    Span,
    down_problems,
    shutdown_problems,
)

ALL = frozenset({"a", "b", "c"})
LONG = UNHEALTHY_SECONDS + 5


def seen(at: float, answering: str, running: str = "abc", expected: str = "abc") -> Observation:
    return Observation(at, frozenset(expected), frozenset(answering), frozenset(running))


def test_members_that_go_off_one_after_the_other_are_no_problem() -> None:
    observations = [
        seen(0, "abc"),
        seen(10, "bc", "bc"),
        seen(20, "abc"),
        seen(30, "ac", "ac"),
        seen(40, "abc"),
    ]
    assert shutdown_problems(observations, [], []) == []


def test_two_members_off_at_the_same_time_are_a_problem() -> None:
    observations = [seen(0, "abc"), seen(10, "bc", "bc"), seen(12, "c", "c"), seen(20, "abc")]
    (problem,) = shutdown_problems(observations, [], [])
    assert problem.text == "b went off while a was off: both by a run, without a fault"


def test_two_members_that_go_off_in_one_moment_are_a_problem() -> None:
    assert shutdown_problems([seen(0, "abc"), seen(10, "c", "c")], [], [])


def test_what_a_fault_switched_off_does_not_count() -> None:
    observations = [seen(0, "abc"), seen(10, "bc", "bc"), seen(12, "c", "c"), seen(20, "abc")]
    assert shutdown_problems(observations, [("a", Span(9, 11))], []) == []


def test_all_at_once_takes_all_down() -> None:
    assert shutdown_problems([seen(0, "abc"), seen(10, "", "")], [], [Span(5, 15)]) == []


def test_a_member_may_not_go_off_while_another_has_been_silent() -> None:
    observations = [seen(0, "abc"), seen(10, "ab"), seen(10 + LONG, "b", "bc"), seen(60, "abc")]
    (problem,) = shutdown_problems(observations, [], [])
    assert problem.text.startswith("a went off by a run, while c had not answered")


def test_a_member_that_fell_silent_just_before_is_no_problem() -> None:
    observations = [seen(0, "abc"), seen(10, "ab"), seen(10 + UNHEALTHY_SECONDS / 2, "b", "bc")]
    assert shutdown_problems(observations, [], []) == []


def test_the_only_unhealthy_member_may_be_switched_off() -> None:
    observations = [seen(0, "abc"), seen(10, "bc"), seen(10 + LONG, "bc", "bc")]
    assert shutdown_problems(observations, [], []) == []


def test_a_member_that_leaves_the_cluster_may_go_off() -> None:
    observations = [
        seen(0, "abc"),
        seen(5, "abc", expected="ab"),
        seen(10, "bc", "bc", "ab"),
        seen(12, "b", "b", "ab"),
    ]
    assert shutdown_problems(observations, [], []) == []


def test_a_member_that_was_never_on_is_not_off() -> None:
    observations = [seen(0, "a", "a"), seen(1, "ab", "ab"), seen(2, "abc"), seen(9, "bc", "bc")]
    assert shutdown_problems(observations, [], []) == []


def test_two_members_down_at_once_without_a_fault_are_a_problem() -> None:
    (problem,) = down_problems([seen(0, "abc"), seen(10, "c"), seen(20, "abc")], [])
    assert problem.text == "a and b were down at once, without a fault"


def test_one_member_down_is_no_problem() -> None:
    assert down_problems([seen(0, "abc"), seen(10, "bc"), seen(20, "abc"), seen(30, "ac")], []) == []


def test_members_may_be_down_from_a_fault_on_until_all_are_up_again() -> None:
    observations = [seen(0, "abc"), seen(10, "c"), seen(20, "bc"), seen(30, "c"), seen(40, "abc")]
    assert down_problems(observations, [Span(5, 11)]) == []
    assert len(down_problems([*observations, seen(50, "a")], [Span(5, 11)])) == 1


def test_a_fault_between_two_observations_counts() -> None:
    assert down_problems([seen(0, "abc"), seen(10, "c")], [Span(4, 5)]) == []


def test_members_that_have_not_been_up_yet_are_not_down() -> None:
    assert down_problems([seen(0, "a"), seen(10, "abc")], []) == []
