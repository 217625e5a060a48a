"""Members that name different leaders, because they were asked at different moments."""

from __future__ import annotations

from collections.abc import Mapping

from components.etcd.member_status import MemberStatus, Observation

ELECTION_SECONDS = 10.0
"""Seconds in which members may name different leaders. They are asked every 2 s at the least, each for itself."""
ELECTION = "the members name different leaders: one was just elected, or they do not reach each other"


class Elections:
    """Knows since when members name different leaders."""

    def __init__(self) -> None:
        self._differ_since: float | None = None

    def doubts(self, observations: Mapping[str, Observation], now: float) -> dict[str, str]:
        """The members that name another leader than others do, for a short time, with what that means.

        Their answers are of different moments, so they name different leaders whenever the leader changes. ``now`` is
        a Unix time.
        """
        named = {
            name: seen.leader
            for name, seen in observations.items()
            if isinstance(seen, MemberStatus) and not seen.problem and not seen.learner and seen.leader != "0"
        }
        if len(set(named.values())) < 2:
            self._differ_since = None
            return {}
        if self._differ_since is None:
            self._differ_since = now
        return dict.fromkeys(named, ELECTION) if now - self._differ_since < ELECTION_SECONDS else {}
