"""Which members leave a smaller cluster, and in which order."""

from __future__ import annotations

from components.rollout.policy import next_to_leave
from tests.unit.components.rollout.running_members import NAMES, observed


def test_members_leave_from_the_highest_number_down() -> None:
    assert next_to_leave(NAMES, NAMES[:1], observed()) == NAMES[2]
    assert next_to_leave(NAMES[:2], NAMES[:1], observed()) == NAMES[1]
    assert next_to_leave(NAMES[:1], NAMES[:1], observed()) is None


def test_an_unhealthy_member_leaves_first() -> None:
    assert next_to_leave(NAMES, NAMES[:1], observed(NAMES[1])) == NAMES[1]
