"""The watch over a droplet that was asked to shut down: why it does not, and what helps it.

The provider requests a shutdown once, and does not learn why nothing happens. A guard blocks the shutdown while another
member is unhealthy, or until it has noticed that the others are healthy. An unresponsive machine does not receive the
request, and one that is cut off from the others takes them for unhealthy: only a power-off helps there. A member whose
droplet has the only copy of the data is never powered off.

A droplet may also take long because it waits for members that the run creates. Nobody has asked it to shut down then.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping

from ..config.naming import key_of
from ..config.settings import Settings
from ..etcd.foreign_members import foreign_problems
from ..etcd.health import problems
from ..etcd.member_status import Observation
from ..run_log import log
from ..run_log.report import reported_wait
from .interfaces import Registered, RunningMembers
from .member_health import MemberHealth
from .messages import Explanation, blocked, states
from .policy import only_unhealthy, other_members
from .waiting import REPEAT_SECONDS

WATCH_SECONDS = 5.0
"""A droplet that takes longer to change is looked after, and then once in each such interval."""
UNRESPONSIVE_OBSERVATIONS = 3
"""After so many consecutive observations of a member as the only unhealthy one, its machine is powered off."""


class ShutdownWatch:
    """Watches the droplets of one run."""

    def __init__(self, settings: Settings, *, members: RunningMembers, health: MemberHealth) -> None:
        self._settings = settings
        self._members = members
        self._health = health
        self._began = time.time()

    async def follow(self, member: str, gate: Registered, droplet: Registered) -> None:
        """Log why an existing droplet does not shut down, and retry its shutdown once all others are healthy.

        Does nothing until somebody has requested a shutdown of the droplet in this run. An all-at-once run retries it
        in any case: the droplet may have blocked it before it noticed the mode, and forgotten it since.
        """
        if member not in (await self._members.existing.future() or frozenset()):
            return
        all_at_once = self._settings.rollout == "all-at-once"
        if not all_at_once:
            await gate.urn.future()
        changed = asyncio.ensure_future(droplet.urn.future())
        warning = BlockedWarning(member, self._settings, members=self._members, health=self._health)
        alone_unhealthy = 0
        with reported_wait(f"The shutdown of {member}") as wait_for:
            while not (await asyncio.wait({changed}, timeout=WATCH_SECONDS))[0]:
                try:
                    if not await self._members.droplets.shutdown_was_requested(member, since=self._began):
                        continue
                    observations = await self._members.observe()
                    others = other_members(member, self._settings.member_names, observations)
                    foreign = foreign_problems(observations)
                    unhealthy = {**problems(others, observations), **foreign}
                    alone = only_unhealthy({member, *others}, observations) == member and not foreign
                    alone_unhealthy = alone_unhealthy + 1 if alone else 0
                    if not all_at_once:
                        # Otherwise another droplet may be off because this run replaces it at the same time.
                        await self._members.droplets.power_on(unhealthy)
                    if unhealthy:
                        wait_for(f"the member blocks it. {states(unhealthy, Explanation())}")
                    else:
                        wait_for(f"it takes longer than {WATCH_SECONDS:.0f} s")
                    if not unhealthy or all_at_once:
                        replaceable = bool(others or self._settings.volume_size)
                        unresponsive = replaceable and alone_unhealthy >= UNRESPONSIVE_OBSERVATIONS
                        await self._retry(member, unresponsive=unresponsive)
                    else:
                        await warning.tell(unhealthy, observations)
                # Whatever an API answers: without this watch, a refused shutdown is never requested again.
                except Exception as error:
                    alone_unhealthy = 0
                    log.info(
                        f"the shutdown of {member} was not observed ({error!r}): trying again in {WATCH_SECONDS:.0f} s"
                    )

    async def _retry(self, member: str, *, unresponsive: bool) -> None:
        started = await self._members.droplets.retry_shutdown(
            member, since=self._began, unresponsive=unresponsive
        )
        if "power_off" in started:
            log.warn(
                f"{member} is unhealthy and did not shut down on request: it is powered off, because every other "
                "member is healthy"
            )
        elif started:
            log.info(f"{member} did not shut down on request: the shutdown is requested again")


class BlockedWarning:
    """Warns that a member blocks its shutdown, and again when something else helps the unhealthy members."""

    def __init__(
        self, member: str, settings: Settings, *, members: RunningMembers, health: MemberHealth
    ) -> None:
        self._member = member
        self._settings = settings
        self._members = members
        self._health = health
        self._told: Mapping[str, str] | None = None
        self._asked = -math.inf

    async def tell(self, unhealthy: Mapping[str, str], observations: Mapping[str, Observation]) -> None:
        """Ask the machines of the unhealthy members why, at most each ``REPEAT_SECONDS``, and warn if that is new."""
        if time.monotonic() - self._asked < REPEAT_SECONDS:
            return
        self._asked = time.monotonic()
        explanation = await self._health.explain(unhealthy, observations)
        if explanation.remedies == self._told:
            return
        in_force = await self._members.droplets.delete_timeout(self._member)
        limit = time_limit(in_force, self._settings.droplet_timeout_seconds)
        for warning in blocked(self._member, unhealthy, limit=limit, explanation=explanation):
            log.warn(warning)
        self._told = explanation.remedies


def time_limit(in_force: int | None, configured: int) -> str:
    """How long the engine waits for the deletion of a droplet: as long as the last run has recorded that succeeded."""
    if in_force is None:
        return f"{key_of('dropletTimeoutSeconds')} was at the end of the last successful run"
    if in_force == configured:
        return f"{in_force} s ({key_of('dropletTimeoutSeconds')})"
    return (
        f"{in_force} s ({key_of('dropletTimeoutSeconds')} of the last successful run; {configured} counts after the "
        "next one)"
    )
