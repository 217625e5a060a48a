"""Which member leads next, when the leader is about to stop: writes then do not wait for an election."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..shared.names import by_number
from .member_status import MemberStatus, Observation


def successor(leaving: Sequence[str], observations: Mapping[str, Observation]) -> tuple[str, str] | None:
    """The leader among the leaving members, and the id of the next leader; ``None`` when no leaving member leads.

    The next leader is the healthy voter with the lowest number. A rolling change has already replaced that member, or
    replaces it next.
    """
    answered = {
        name: status
        for name in sorted(observations, key=by_number)
        if isinstance(status := observations[name], MemberStatus)
    }
    leaders = [
        name for name in leaving if name in answered and answered[name].member_id == answered[name].leader
    ]
    candidates = [
        status.member_id
        for name, status in answered.items()
        if name not in leaving and not status.problem and not status.learner
    ]
    return (leaders[0], candidates[0]) if leaders and candidates else None
