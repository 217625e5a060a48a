"""When a machine refuses its own shutdown: each rule, and what the API is asked meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from etcd_node.digitalocean.markers import Markers
from etcd_node.guard.shutdown_policy import (
    CLOCKS,
    FIRST_QUESTION,
    PRESS_AGE,
    REPLACED,
    ShutdownFacts,
    first_question,
    holds,
    needed,
    oldest_press,
    pace,
    pause,
    released,
)

from components.rollout.gates import GUARD_SECONDS

WANTED = Markers(up=True, size=3, all_at_once=False)
RESIZING = Markers(up=True, size=None, all_at_once=False)
TORN_DOWN = Markers(up=False, size=None, all_at_once=False)
ALL_AT_ONCE = Markers(up=True, size=3, all_at_once=True)

HEALTHY = ShutdownFacts(member=True, markers=WANTED)
TROUBLED = replace(HEALTHY, sick={"m3": "connection refused"})


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(HEALTHY, None, id="all others are healthy"),
        pytest.param(TROUBLED, "m3 is unhealthy", id="one is sick"),
        pytest.param(
            replace(TROUBLED, sick={"m3": "", "m2": ""}), "m2 and m3 are unhealthy", id="two are sick"
        ),
        pytest.param(replace(TROUBLED, markers=None), "m3 is unhealthy", id="the API says nothing"),
        pytest.param(replace(TROUBLED, markers=RESIZING), "m3 is unhealthy", id="the size changes"),
        pytest.param(replace(TROUBLED, markers=TORN_DOWN), None, id="the cluster is torn down"),
        pytest.param(replace(TROUBLED, markers=ALL_AT_ONCE), None, id="the operator said all at once"),
        pytest.param(replace(TROUBLED, removed=True), None, id="it was removed"),
        pytest.param(
            replace(TROUBLED, removed=True, markers=None), None, id="it was removed, the API is down"
        ),
        pytest.param(replace(TROUBLED, member=False), None, id="it has no data"),
        pytest.param(
            replace(HEALTHY, irreplaceable=True),
            "this is the only member, and its data is on this droplet's own disk",
            id="its data is on this disk alone",
        ),
        pytest.param(
            replace(HEALTHY, irreplaceable=True, markers=TORN_DOWN), None, id="the only one, torn down"
        ),
        pytest.param(
            replace(HEALTHY, irreplaceable=True, member=False), None, id="the only one, still empty"
        ),
    ],
)
def test_a_shutdown_is_refused_only_while_the_cluster_cannot_spare_the_machine(
    facts: ShutdownFacts, reason: str | None
) -> None:
    assert holds(facts) == reason


def test_the_reason_does_not_change_with_what_was_last_seen() -> None:
    assert holds(TROUBLED) == holds(replace(TROUBLED, sick={"m3": "no answer in time"}))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (TROUBLED, None),
        (replace(TROUBLED, markers=None), None),
        (replace(TROUBLED, markers=TORN_DOWN), "the cluster is being torn down"),
        (replace(TROUBLED, markers=ALL_AT_ONCE), "etcd:rollout is all-at-once"),
        (replace(TROUBLED, removed=True), "this member was removed from the cluster"),
    ],
)
def test_only_a_positive_word_lets_a_machine_go_whoever_is_unhealthy(
    facts: ShutdownFacts, why: str | None
) -> None:
    assert released(facts) == why
    assert needed(facts) is not None


@pytest.mark.parametrize(
    ("markers", "number", "wanted"),
    [(WANTED, 3, True), (WANTED, 4, False), (RESIZING, 1, False), (TORN_DOWN, 1, False)],
)
def test_the_size_says_who_is_wanted(markers: Markers, number: int, wanted: bool) -> None:
    assert markers.want(number) is wanted


def questions(members: int, seconds: float) -> int:
    """How many one machine asks in the first seconds of a trouble."""
    at, count = 0.0, 0
    while at < seconds:
        count += 1
        at += pace(at, members)
    return count


@pytest.mark.parametrize("members", [1, 3, 5, 7, 9])
def test_a_cluster_in_trouble_leaves_the_api_room_for_others(members: int) -> None:
    """All ask for the tags, and at first for the droplets; ``etcd-reconcile`` of each asks four times a minute beside
    it, and a gate six times. The limits are 250 a minute and 5,000 an hour."""
    assert members * (2 * questions(members, 60) + 4) + 6 <= 225
    assert members * (questions(members, 3600) + questions(members, REPLACED)) < 3000


def test_a_teardown_is_noticed_at_once_and_at_the_latest_after_15_seconds() -> None:
    assert first_question(settled=True) == 0
    assert pace(0, 3) == 2
    assert {pace(trouble, members) <= 15 for trouble in (0, 200, 1e6) for members in (1, 3, 9)} == {True}


def test_the_others_are_looked_at_quickly_in_trouble_and_rarely_without() -> None:
    assert pause(None) > pause(0)
    assert pause(1e6) < GUARD_SECONDS


def test_a_machine_that_has_just_booted_does_not_ask_about_those_that_boot_with_it() -> None:
    assert first_question(settled=False) == FIRST_QUESTION


def test_a_press_counts_from_the_refusal_on_for_ten_minutes() -> None:
    assert oldest_press(held_since=1000, now=1100) == 1000 - CLOCKS
    assert oldest_press(held_since=1000, now=5000) == 5000 - PRESS_AGE
