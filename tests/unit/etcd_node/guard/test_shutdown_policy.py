"""When a machine blocks its own shutdown, and how often it sends requests to the API meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from etcd_node.guard.shutdown_policy import (
    FIRST_MARKERS_DELAY,
    LISTING_TIME,
    LONGEST_DEFERRAL,
    ShutdownFacts,
    markers_delay,
    must_block,
    observation_interval,
    oldest_request,
    poll_interval,
    reason_to_allow,
    reason_to_block,
)

from components.rollout.member_health import GUARD_SECONDS
from components.shared.markers import Markers

WANTED = Markers(up=True, size=3, all_at_once=False)
RESIZING = Markers(up=True, size=None, all_at_once=False)
DESTROYED = Markers(up=False, size=None, all_at_once=False)
ALL_AT_ONCE = Markers(up=True, size=3, all_at_once=True)

HEALTHY = ShutdownFacts(has_data=True, markers=WANTED)
ONE_UNHEALTHY = replace(HEALTHY, unhealthy={"m3": "connection refused"})


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(HEALTHY, None, id="all others are healthy"),
        pytest.param(ONE_UNHEALTHY, "m3 is unhealthy", id="one is unhealthy"),
        pytest.param(
            replace(ONE_UNHEALTHY, unhealthy={"m3": "", "m2": ""}),
            "m2 and m3 are unhealthy",
            id="two are unhealthy",
        ),
        pytest.param(replace(ONE_UNHEALTHY, markers=None), "m3 is unhealthy", id="the API does not answer"),
        pytest.param(replace(ONE_UNHEALTHY, markers=RESIZING), "m3 is unhealthy", id="the size changes"),
        pytest.param(replace(ONE_UNHEALTHY, markers=DESTROYED), None, id="the cluster is being destroyed"),
        pytest.param(replace(ONE_UNHEALTHY, markers=ALL_AT_ONCE), None, id="all at once"),
        pytest.param(replace(ONE_UNHEALTHY, removed=True), None, id="it was removed"),
        pytest.param(
            replace(ONE_UNHEALTHY, removed=True, markers=None), None, id="it was removed, and the API is down"
        ),
        pytest.param(replace(ONE_UNHEALTHY, has_data=False), None, id="it has no data"),
        pytest.param(
            replace(HEALTHY, irreplaceable=True),
            "this is the only member, and its data is on this droplet's own disk",
            id="the only member, no volume",
        ),
        pytest.param(
            replace(HEALTHY, irreplaceable=True, markers=DESTROYED), None, id="the only member, destroyed"
        ),
        pytest.param(
            replace(HEALTHY, irreplaceable=True, has_data=False), None, id="the only member, still empty"
        ),
    ],
)
def test_a_shutdown_is_blocked_only_while_the_cluster_needs_the_machine(
    facts: ShutdownFacts, reason: str | None
) -> None:
    assert must_block(facts) == reason


def test_the_reason_has_no_detail_that_changes_between_rounds() -> None:
    assert must_block(ONE_UNHEALTHY) == must_block(
        replace(ONE_UNHEALTHY, unhealthy={"m3": "no answer in time"})
    )


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (ONE_UNHEALTHY, None),
        (replace(ONE_UNHEALTHY, markers=None), None),
        (replace(ONE_UNHEALTHY, markers=DESTROYED), "the cluster is being destroyed"),
        (replace(ONE_UNHEALTHY, markers=ALL_AT_ONCE), "etcd:rollout is all-at-once"),
        (replace(ONE_UNHEALTHY, removed=True), "this member was removed from the cluster"),
    ],
)
def test_only_proof_allows_a_shutdown_while_others_are_unhealthy(
    facts: ShutdownFacts, why: str | None
) -> None:
    assert reason_to_allow(facts) == why
    assert reason_to_block(facts) is not None


def requests(members: int, seconds: float) -> int:
    """Requests for the markers by one machine in the first seconds in which the cluster needs it."""
    at, count = 0.0, 0
    while at < seconds:
        count += 1
        at += poll_interval(at, members)
    return count


@pytest.mark.parametrize("members", [1, 3, 5, 7, 9])
def test_an_unhealthy_cluster_stays_well_below_the_apis_limits(members: int) -> None:
    """Every member reads the tags, and at first lists the droplets. Its ``etcd-reconcile`` sends four more requests a
    minute, and a gate sends six. The limits are 250 a minute and 5,000 an hour."""
    assert members * (2 * requests(members, 60) + 4) + 6 <= 225
    assert members * (requests(members, 3600) + requests(members, LISTING_TIME)) < 3000


def test_a_teardown_is_noticed_within_15_seconds_and_mostly_at_once() -> None:
    assert markers_delay(settled=True) == 0
    assert poll_interval(0, 3) == 2
    assert {poll_interval(seconds, members) <= 15 for seconds in (0, 200, 1e6) for members in (1, 3, 9)} == {
        True
    }


def test_members_are_observed_more_often_while_one_is_unhealthy() -> None:
    assert observation_interval(needed=False) > observation_interval(needed=True)
    assert observation_interval(needed=True) < GUARD_SECONDS


def test_a_machine_that_has_just_booted_waits_before_it_reads_markers() -> None:
    assert markers_delay(settled=False) == FIRST_MARKERS_DELAY


def test_a_shutdown_request_counts_from_the_block_on_for_ten_minutes() -> None:
    assert oldest_request(blocked_since=1000, now=1100) == 1000
    assert oldest_request(blocked_since=1000, now=5000) == 5000 - LONGEST_DEFERRAL
