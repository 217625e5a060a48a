"""What the account's tags tell the program and the node."""

from __future__ import annotations

import pytest
from etcd_node.guard.shutdown_policy import ShutdownFacts, reason_to_allow

from components.shared.markers import Markers, markers_in


@pytest.mark.parametrize(
    ("tags", "unguarded"),
    [
        ({"etcd-test", "etcd-test-up", "etcd-test-size-3", "etcd-test-one-at-a-time"}, False),
        ({"etcd-test", "etcd-test-up", "etcd-test-size-3", "etcd-test-all-at-once"}, True),
        ({"etcd-test", "etcd-test-one-at-a-time", "other-up"}, True),
        (set[str](), True),
    ],
    ids=["after a run", "after an all-at-once run", "after an interrupted destroy", "before the first run"],
)
def test_markers_show_whether_members_allow_every_shutdown(tags: set[str], unguarded: bool) -> None:
    assert markers_in(tags, "etcd-test").unguarded is unguarded


def test_markers_are_found_whatever_their_capitals() -> None:
    tags = ["ETCD-test-Up", "etcd-TEST-size-5", "etcd-test-ALL-at-once"]
    assert markers_in(tags, "Etcd-Test") == Markers(up=True, size=5, all_at_once=True)


def test_the_smallest_size_counts() -> None:
    assert markers_in({"etcd-test-size-5", "etcd-test-size-3"}, "etcd-test").size == 3


@pytest.mark.parametrize(
    ("markers", "number", "wanted"),
    [
        (Markers(up=True, size=3, all_at_once=False), 3, True),
        (Markers(up=True, size=3, all_at_once=False), 4, False),
        (Markers(up=True, size=None, all_at_once=False), 1, False),
        (Markers(up=False, size=3, all_at_once=False), 1, False),
    ],
)
def test_the_size_marker_says_which_members_are_wanted(markers: Markers, number: int, wanted: bool) -> None:
    assert markers.wants(number) is wanted


@pytest.mark.parametrize(("up", "all_at_once"), [(False, False), (False, True), (True, False), (True, True)])
def test_program_and_guard_agree_when_a_shutdown_is_allowed(up: bool, all_at_once: bool) -> None:
    markers = Markers(up=up, size=3, all_at_once=all_at_once)
    facts = ShutdownFacts(has_data=True, unhealthy={"etcd-server-2": "no answer"}, markers=markers)
    assert (reason_to_allow(facts) is not None) is markers.unguarded
