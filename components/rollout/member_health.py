"""Waiting for members of the cluster, as the gates do it: each purpose with its members and its error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import pulumi

from components.changes.member_versions import unfinished_upgrades
from components.config.settings import Settings
from components.etcd.health import problems, unreachable
from components.etcd.member_status import Observation
from components.rollout.interfaces import RunningMembers
from components.rollout.messages import RESUMABLE, needed_to_reach, renewed, untouched
from components.rollout.policy import other_members
from components.rollout.waiting import UnhealthyError, wait_until_healthy

GUARD_SECONDS = 0.4
"""How long a member's guard needs to notice what a gate has observed, unless its machine is busy."""


class MemberHealth:
    """Waits until members are healthy, for at most ``etcd:healthTimeoutSeconds``, and powers on those that are off.

    Its methods raise ``UnhealthyError``.
    """

    repairs: dict[str, pulumi.Output[str]]
    """By member, the command that replaces its droplet."""

    def __init__(
        self, cluster: str, settings: Settings, *, members: RunningMembers, version: pulumi.Output[str]
    ) -> None:
        """``version`` is the version of etcd that the droplets of this run install."""
        self.repairs = {}
        self._cluster = cluster
        self._settings = settings
        self._members = members
        self._version = version
        self._untouched = untouched(settings)

    async def wait_for_others(self, member: str) -> Mapping[str, Observation]:
        """Wait until every member but this one is healthy. Returns what was observed then."""

        def asked(observations: Mapping[str, Observation]) -> Sequence[str]:
            return other_members(member, self._settings.member_names, observations)

        purpose = f"Before {member} may change"
        observations, had_to_wait = await self._wait(purpose, asked=asked, ending=self._untouched)
        while had_to_wait:
            # The member's guard must notice the others' health as well, before it allows a shutdown.
            await asyncio.sleep(GUARD_SECONDS)
            observations, had_to_wait = await self._wait(purpose, asked=asked, ending=self._untouched)
        return observations

    async def wait_for_joining(self, joining: Sequence[str]) -> None:
        """Wait until the members that this run has created are healthy."""
        purpose = f"Before any other member may change, {' and '.join(joining)} must be healthy"
        await self._wait(purpose, asked=lambda _: joining, ending=self._untouched)

    async def wait_for_cluster(self, members: Sequence[str]) -> Mapping[str, Observation]:
        """Wait until these members are healthy and run this run's version. Returns what was observed then."""
        observations, _ = await self._wait(
            f"Cluster {self._cluster}",
            asked=lambda _: members,
            ending=RESUMABLE,
            version=await self._version.future() or "",
        )
        return observations

    async def _wait(
        self,
        purpose: str,
        *,
        asked: Callable[[Mapping[str, Observation]], Sequence[str]],
        ending: str,
        version: str = "",
    ) -> tuple[Mapping[str, Observation], bool]:
        """Returns the last observations, and whether a member was unhealthy before.

        ``asked`` selects the members. Where ``version`` is given, these members and the cluster must have it.
        """
        observations: Mapping[str, Observation] = {}
        self._members.forget_addresses()

        async def observe() -> Mapping[str, str]:
            nonlocal observations
            observations = await self._members.observe()
            names = asked(observations)
            found = {**unfinished_upgrades(names, observations, version), **problems(names, observations)}
            await self._members.power_on(found)
            return found

        try:
            had_to_wait = await wait_until_healthy(
                observe,
                seconds=self._settings.health_timeout_seconds,
                purpose=purpose,
                log=pulumi.log.info,
                repairs={name: await command.future() or "" for name, command in self.repairs.items()},
                ending=ending,
                renewed=renewed(self._settings),
            )
        except UnhealthyError as error:
            if unreachable(observations):
                raise UnhealthyError(f"{error}\n{needed_to_reach(self._settings)}") from error
            raise
        return observations, had_to_wait
