"""Unguarded mode: a run changes droplets in turn by itself, because a guard or a gate is missing.

A change that calls no gate is blocked by the member itself, which goes by tags of the account. An all-at-once run, or a
teardown or bootstrap that was interrupted, leaves these tags so that no member blocks. A member's guard may even go by
the old tags for some time after a run has corrected them.

A run that ended between the creation of a droplet and that of its gate leaves a member without a gate. The engine calls
no hook for a gate that it creates, so such a gate asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..config.settings import Settings
from ..run_log import log
from ..shared.names import by_number
from .interfaces import Registered, RunningMembers
from .member_health import MemberHealth
from .once import Once
from .policy import member_to_repair, waits_for_others


class UnguardedMode:
    """Lets droplets wait for each other in a run that began while a guard or a gate was missing."""

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
        self._reason = Once(self._find_reason)
        self._to_repair = Once(self._find_member_to_repair)

    async def wait_for_turn(self, member: str, gate: Registered) -> bool:
        """Wait until this run may change a member's droplet. Returns whether the droplet depends on its gate as well.

        Where members block their own shutdown and have gates, nothing is waited for here. Otherwise one member changes
        after the other, each only while all others are healthy. If only one member is unhealthy, it does not wait, and
        the others wait for it: this run may repair it.
        """
        if not await self._reason.result():
            return True
        to_repair = await self._to_repair.result()
        if not waits_for_others(member, to_repair):
            return False
        if to_repair is not None:
            await self._records[to_repair].urn.future()
        await gate.urn.future()
        await self._health.wait_for_others(member)
        return True

    async def _find_reason(self) -> str:
        """Why this run lets members change in turn by itself; empty where guards and gates do."""
        if await self._members.unguarded.future():
            return (
                "no member blocks its shutdown at the moment: the last run was all-at-once, or a teardown or bootstrap "
                "was interrupted"
            )
        if ungated := await self._members.ungated.future():
            names = " and ".join(sorted(ungated, key=by_number))
            return (
                f"the run that created the droplet of {names} ended before the member's gate was registered"
            )
        return ""

    async def _find_member_to_repair(self) -> str | None:
        log.info(
            f"{await self._reason.result()}. This run changes a member only while all others are healthy"
        )
        return member_to_repair(self._settings.member_names, await self._members.observe())
