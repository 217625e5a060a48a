"""Unguarded mode: a run changes droplets in turn while no member blocks its own shutdown.

A change that calls no gate is blocked by the member itself, which goes by tags of the account. An all-at-once run, or a
destroy or bootstrap that was interrupted, leaves these tags so that no member blocks. A member's guard may even go by
the old tags for some time after a run has corrected them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..config.settings import Settings
from ..run_log import log
from .interfaces import Registered, RunningMembers
from .member_health import MemberHealth
from .once import Once
from .policy import member_to_repair, waits_for_others


class UnguardedMode:
    """Lets droplets wait for each other in a run that began while no member blocked its shutdown."""

    def __init__(
        self,
        settings: Settings,
        *,
        members: RunningMembers,
        health: MemberHealth,
        records: Mapping[str, Registered],
    ) -> None:
        """``records`` are those of the configured members, by name. Each exists after the member's droplet."""
        self._settings = settings
        self._members = members
        self._health = health
        self._records = records
        self._to_repair = Once(self._find_member_to_repair)

    async def wait_for_turn(self, member: str, gate: Registered) -> bool:
        """Wait until this run may change a member's droplet. Returns whether the droplet depends on its gate as well.

        Where members block their own shutdown, nothing is waited for here. Otherwise one member changes after the
        other, each only while all others are healthy. If only one member is unhealthy, it does not wait, and the
        others wait for it: this run may repair it.
        """
        if not await self._members.unguarded.future():
            return True
        to_repair = await self._to_repair.result()
        if not waits_for_others(member, to_repair):
            return False
        if to_repair is not None:
            await self._records[to_repair].urn.future()
        await gate.urn.future()
        await self._health.wait_for_others(member)
        return True

    async def _find_member_to_repair(self) -> str | None:
        log.info(
            "no member blocks its shutdown at the moment: the last run was all-at-once, or a destroy or bootstrap was "
            "interrupted. This run changes a member only while all others are healthy"
        )
        return member_to_repair(self._settings.member_names, await self._members.observe())
