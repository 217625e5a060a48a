"""Waiting for members of the cluster, as the gates do it: each purpose with its members and its error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

import pulumi

from ..changes.member_versions import unfinished_upgrades
from ..config.naming import in_callers_words
from ..config.settings import Settings
from ..etcd.data_comparison import compare_data
from ..etcd.foreign_members import foreign_members, foreign_problems
from ..etcd.health import problems, unreachable
from ..etcd.member_status import Observation
from ..run_log import log
from .interfaces import RunningMembers
from .messages import (
    RESUMABLE,
    UNTOUCHED,
    Explanation,
    deleted_by_hand,
    foreign_member,
    needed_to_reach,
    renewed,
)
from .policy import answering, other_members
from .remedies import Seen, abandon, remedy
from .waiting import UnhealthyError, wait_until_healthy

GUARD_SECONDS = 0.4
"""How long a member's guard needs to notice what a gate has observed, unless its machine is busy."""


class MemberHealth:
    """Waits until members are healthy, for at most ``etcd:healthTimeoutSeconds``, and powers on those that are off.

    Its methods raise ``UnhealthyError``.
    """

    repairs: dict[str, pulumi.Output[str]]
    """By member, the command that replaces its droplet."""
    droplets: dict[str, str]
    """By member, the id of its droplet in the engine's state, as soon as this run knows it."""

    def __init__(
        self, cluster: str, settings: Settings, *, members: RunningMembers, version: pulumi.Output[str]
    ) -> None:
        """``version`` is the version of etcd that the droplets of this run install."""
        self.repairs = {}
        self.droplets = {}
        self._cluster = cluster
        self._settings = settings
        self._members = members
        self._version = version
        self._named: set[str] = set()

    async def wait_for_others(self, member: str) -> Mapping[str, Observation]:
        """Wait until every member but this one is healthy. Returns what was observed then.

        Raises ``DifferentDataError`` when a member has other data than the others.
        """

        def asked(observations: Mapping[str, Observation]) -> Sequence[str]:
            return other_members(member, self._settings.member_names, observations)

        purpose = f"Before {member} may change"
        observations, had_to_wait = await self._wait(
            purpose, asked=asked, ending=UNTOUCHED, counts_foreign=True
        )
        await self.compare_data(purpose, observations, ending=UNTOUCHED)
        while True:
            if had_to_wait:
                # The member's guard must notice the others' health as well, before it allows a shutdown.
                await asyncio.sleep(GUARD_SECONDS)
            observations, had_to_wait = await self._wait(
                purpose, asked=asked, ending=UNTOUCHED, counts_foreign=True
            )
            if not had_to_wait:
                return observations

    async def is_healthy(self, member: str) -> bool:
        """Whether this member is healthy now, whatever the others are."""
        self._members.forget_addresses()
        return not problems([member], await self._members.observe())

    async def compare_data(
        self, purpose: str, observations: Mapping[str, Observation], *, ending: str
    ) -> None:
        """Return when all members that answer have the same data. Raises ``DifferentDataError``."""
        seconds = self._settings.health_timeout_seconds
        await compare_data(self._members, observations, purpose=purpose, ending=ending, seconds=seconds)

    async def refuse_deleted(self, purpose: str, members: Collection[str]) -> None:
        """Raise ``UnhealthyError`` if the engine's state has a droplet of these members that does not exist any more.

        A run without a refresh does not create it again.
        """
        known = {name: self.droplets[name] for name in members if name in self.droplets}
        if deleted := await self._members.droplets.deleted(known):
            raise UnhealthyError(deleted_by_hand(purpose, deleted))

    def name_foreign(self, observations: Mapping[str, Observation]) -> None:
        """Warn once in a run about each member that the program did not make."""
        for one in foreign_members(observations):
            if one.id not in self._named:
                self._named.add(one.id)
                log.warn(foreign_member(one))

    async def wait_for_joining(self, joining: Sequence[str]) -> None:
        """Wait until the members that this run has created are healthy."""
        purpose = f"Before any other member may change, {' and '.join(joining)} must be healthy"
        await self._wait(purpose, asked=lambda _: joining, ending=UNTOUCHED)

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
        counts_foreign: bool = False,
    ) -> tuple[Mapping[str, Observation], bool]:
        """Returns the last observations, and whether a member was unhealthy before.

        ``asked`` selects the members. Where ``version`` is given, these members and the cluster must have it. With
        ``counts_foreign``, voters that the program did not make must run as well.
        """
        observations: Mapping[str, Observation] = {}
        self._members.forget_addresses()

        async def observe() -> Mapping[str, str]:
            nonlocal observations
            observations = await self._members.observe()
            names = asked(observations)
            found = {**unfinished_upgrades(names, observations, version), **problems(names, observations)}
            await self.refuse_deleted(purpose, found)
            await self._members.droplets.power_on(found)
            self.name_foreign(observations)
            return {**found, **(foreign_problems(observations) if counts_foreign else {})}

        had_to_wait = await wait_until_healthy(
            observe,
            seconds=self._settings.health_timeout_seconds,
            purpose=purpose,
            log=log.info,
            explain=lambda found: self.explain(found, observations, ending),
            renewed=lambda: self._renewed(observations),
        )
        return observations, had_to_wait

    def _renewed(self, observations: Mapping[str, Observation]) -> str:
        """How to replace expired certificates; empty where a member answers, or where this machine's clock is wrong."""
        if answering(observations) or self._members.clock_problem:
            return ""
        return renewed(self._settings)

    async def explain(
        self, found: Mapping[str, str], observations: Mapping[str, Observation], ending: str = ""
    ) -> Explanation:
        """Ask the machines of the unhealthy members why, and find what helps.

        ``found`` are the members that are waited for, each with its problem. ``ending`` says what the run has done.
        """
        if unreachable(observations):
            own = await self._members.own_address()
            return Explanation(
                unreachable=needed_to_reach(self._settings, len(observations), own), ending=ending
            )
        unhealthy = {**problems(list(observations), observations), **foreign_problems(observations), **found}
        reports = await self._members.reports(unhealthy)
        heard = await self._members.heard(observations)
        seen = {
            name: Seen(
                observation,
                unhealthy.get(name, ""),
                reports.get(name),
                heard=name in heard,
                leaving=name not in self._settings.member_names,
                own_clock=self._members.clock_problem,
                auth=self._settings.auth,
            )
            for name, observation in observations.items()
        }
        alone = len(unhealthy) == 1
        hint = abandon(seen.values(), volumes=self._settings.volume_size > 0) if ending == UNTOUCHED else ""
        commands = {name: await command.future() or "" for name, command in self.repairs.items()}
        if len(observations) == 1 and not self._settings.volume_size:
            # The droplet has the only copy of the data.
            commands = {}
        return Explanation(
            words={name: in_callers_words(str(report)) for name, report in reports.items()},
            remedies={
                name: remedy(seen[name], only_unhealthy=alone, replace_command=commands.get(name, ""))
                for name in found
                if name in seen
            },
            ending=f"{ending} {hint}".strip(),
        )
