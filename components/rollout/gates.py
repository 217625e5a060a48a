"""One member at a time: the gates that a droplet must pass before it is replaced.

Invariants:

- What does not exist is created at once, whoever else is being created. What exists depends on its gate, and a
  gate's input names the droplet before it. So droplets are replaced in order, and each only after its gate has
  seen every other member healthy: those that are configured, and those that the cluster itself lists.
- A gate acts in a before-hook: when it fails, its stash keeps the old input, and the next run asks it again.
  An after-hook's failure would not be retried.
- Gates have no delete hooks: with one, plain ``pulumi destroy`` refuses to run.
- A gate is asked only when its own input has changed. What replaces a droplet otherwise (drift, ``--replace``, a
  run that goes on after an interruption) meets the member's own veto: cloud-init/units/etcd-guard.service.
- Whoever waits for members powers on those that are off: a run that was ended after a shutdown has left one. No
  droplet that this run replaces is waited for at that time, except all at once, where nobody waits until the end.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import pulumi

from components.changes.version_checks import Upgrade, unfinished
from components.config.settings import Settings, by_number
from components.droplets.inventory import last_gate
from components.etcd.cluster_client import ClusterClient
from components.etcd.health import MemberStatus, Observation, listed, out_of_reach, problems
from components.etcd.leadership import successor
from components.rollout.backup_request import BackupRequests
from components.rollout.messages import renewed, untouched
from components.rollout.unguarded import UnguardedMode
from components.rollout.waiting import UnhealthyError, wait_until_healthy

WATCH_SECONDS = 5.0
"""A droplet that takes longer to be registered is looked after, and this often."""
HANGING_LOOKS = 3
"""A member that this many looks in turn have seen sick, and all others well, is not asked to shut down once more."""
GUARD_SECONDS = 0.4
"""As long as a member's guard takes to see what a gate has seen, unless its machine is busy."""
RESUMABLE = "Nothing more was changed; pulumi up goes on from here."


def digest(values: Mapping[str, Any]) -> pulumi.Output[str]:
    """SHA-256 of resource inputs, which may hold secrets; the digest itself is none."""

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return pulumi.Output.unsecret(pulumi.Output.json_dumps(values, sort_keys=True).apply(hashed))


class Rollout:
    """The gates of one cluster, in the order of its members, and the last one, which sees all of them."""

    vetoes: UnguardedMode
    """What stands in for gates that are not asked."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        members: ClusterClient,
        ready: pulumi.Output[Any],
        version: pulumi.Output[str],
    ) -> None:
        """``ready`` fails, before any member is touched, when the API would refuse the droplets.

        ``version`` is the one that droplets of this run install.
        """
        self._name = name
        self._settings = settings
        self._members = members
        self._ready = ready
        self._version = version
        self._upgrade = Upgrade(settings, version)
        self._backups = BackupRequests(settings, members.gateway)
        self._digests: dict[str, pulumi.Output[str]] = {}
        self._droplets: dict[str, pulumi.CustomResource] = {}
        self._urns: dict[str, pulumi.Output[list[str]]] = {}
        self._untouched = untouched(settings)
        self._newcomers: asyncio.Future[None] | None = None
        self._saved: asyncio.Future[None] | None = None
        self._watches: list[asyncio.Future[None]] = []
        self.vetoes = UnguardedMode(
            settings, members=members, droplets=self._droplets, others_healthy=self._others_healthy
        )
        self._began = time.time()
        self._asked = False

    def gate(
        self,
        member: str,
        replaced_by: pulumi.Output[str],
        *,
        droplet_urn: pulumi.Output[str],
        record_urn: pulumi.Output[str],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        """The gate before a member's droplet; ``replaced_by`` is the digest of all that would replace it.

        The URNs are those of the droplet, and of the record that leads clients to it.
        """
        self._digests[member] = replaced_by
        self._urns[member] = pulumi.Output.all(droplet_urn, record_urn)
        number = len(self._digests)

        async def let_it_go(_: pulumi.ResourceHookArgs) -> None:
            await self._ready.future()
            if self._settings.rollout == "all-at-once":
                pulumi.log.warn(
                    f"{member} may change although others are not healthy: etcd:rollout is all-at-once"
                )
                return
            await self._spare(member)

        before = list(self._droplets.values())[-1].id if self._droplets else ""
        return pulumi.Stash(
            f"{self._name}-gate-{number}",
            input={"replaced_by": replaced_by, "after": before},
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    hooks=pulumi.ResourceHookBinding(
                        before_update=[pulumi.ResourceHook(f"{self._name}-gate-{number}", let_it_go)]
                    )
                ),
            ),
        )

    def conditions(
        self, member: str, gate: pulumi.Resource, *, always: Sequence[pulumi.Resource]
    ) -> pulumi.Output[list[pulumi.Resource]]:
        """What a member's droplet depends on: ``always``, and the gate where there is a droplet already."""

        async def wanted(existing: frozenset[str]) -> list[pulumi.Resource]:
            await self._ready.future()
            if not waits_for_gate(member, existing, self._settings.rollout):
                if member in existing and not pulumi.runtime.is_dry_run():
                    await self._saved_first()
                return [*always]
            if not pulumi.runtime.is_dry_run():
                await self._newcomers_healthy(existing)
                await asyncio.gather(*(resource.urn.future() for resource in always))
                if not await self.vetoes.hold(member, gate):
                    return [*always]
            return [gate, *always]

        return self._members.existing.apply(wanted)

    def orphan_hook(self, member: str) -> pulumi.ResourceHook:
        """For a droplet's creation: removes a droplet of the same name that the engine knows nothing of.

        An engine that was killed while it created a droplet leaves one.
        """

        async def make_way(_: pulumi.ResourceHookArgs) -> None:
            if member not in await self._existing():
                return
            for droplet in await self._members.droplets_named(member):
                pulumi.log.warn(
                    f"droplet {droplet} is named {member} and belongs to no stack: a run was ended while it created "
                    "it. It is shut down and removed as soon as every other member is healthy"
                )
                if self._settings.rollout != "all-at-once":
                    await self._spare(member)
                await self._members.remove_droplet(droplet)

        return pulumi.ResourceHook(f"{self._name}-orphan-{member}", make_way)

    def passed(self, member: str, gate: pulumi.Resource, droplet: pulumi.CustomResource) -> None:
        """Tell the next gate which droplet comes before it, and watch what becomes of this one."""
        self.note_droplet(member, droplet)
        if not pulumi.runtime.is_dry_run():
            self._watches.append(asyncio.ensure_future(self.watch(member, gate, droplet)))

    def note_droplet(self, member: str, droplet: pulumi.CustomResource) -> None:
        """The droplet of a member, which others may have to wait for."""
        self._droplets[member] = droplet

    def finish(
        self, *, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions
    ) -> pulumi.Output[Sequence[str]]:
        """The last gate: the run ends only when every member is healthy. Gives the members' names, then.

        Members that are not configured any more have left the cluster by then; the engine deletes their
        droplets afterwards. The gate is asked when something changed. A run that changed nothing looks once
        more all the same: it must not end well while a member is sick.
        """
        members = self._settings.member_names

        async def complete(_: pulumi.ResourceHookArgs) -> None:
            self._asked = True
            await self._settle()

        hook = pulumi.ResourceHook(last_gate(self._name), complete)
        gate = pulumi.Stash(
            last_gate(self._name),
            input={
                "members": list(members),
                "droplets": [droplet.id for droplet in self._droplets.values()],
                "replaced_by": list(self._digests.values()),
            },
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    depends_on=[*self._droplets.values(), *after],
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
                ),
            ),
        )

        async def end(_: Any) -> Sequence[str]:
            if pulumi.runtime.is_dry_run():
                await self._say_what_rolls()
            elif not self._asked:
                await self.look_again()
            return members

        return pulumi.Output.from_input(gate.id).apply(end)

    async def _say_what_rolls(self) -> None:
        """In a preview: which members' droplets will be replaced, in order. Their ids are not known yet."""
        existing = await self._existing()
        rolling = [
            name
            for name, droplet in self._droplets.items()
            if name in existing and not await droplet.id.is_known()
        ]
        if rolling:
            pulumi.log.info(f"{self._name}: {_in_order(rolling, self._settings.rollout)}")
        if leaving := sorted(existing - set(self._settings.member_names)):
            pulumi.log.info(f"{self._name}: {', '.join(leaving)} will leave the cluster, then be deleted")

    async def _existing(self) -> frozenset[str]:
        """Members that have a droplet when the run begins."""
        return await self._members.existing.future() or frozenset()

    async def _spare(self, member: str) -> None:
        """Wait until every other member is healthy, and move the leadership away from this one.

        Before the first one is given another version, the members take a backup.
        """
        seen = await self._others_healthy(member)
        await self._upgrade.admit(seen)
        if (version := await self._upgrade.target(seen)) and await self._backups.confirmed(
            f"Before etcd {version}", answering(seen), ending=self._untouched
        ):
            seen = await self._others_healthy(member)
        await self._move_leadership([member], seen)

    async def _others_healthy(self, member: str) -> Mapping[str, Observation]:
        def asked(seen: Mapping[str, Observation]) -> Sequence[str]:
            return others(member, self._settings.member_names, seen)

        seen, troubled = await self._wait(f"Before {member} may change", asked=asked, ending=self._untouched)
        while troubled:
            # Its guard has to see the others' health as well, before it lets go of the machine.
            await asyncio.sleep(GUARD_SECONDS)
            seen, troubled = await self._wait(
                f"Before {member} may change", asked=asked, ending=self._untouched
            )
        return seen

    async def watch(self, member: str, gate: pulumi.Resource, droplet: pulumi.CustomResource) -> None:
        """Say why a droplet does not go, and ask it again once it may: the provider asks once, and knows no reason.

        A guard refuses the shutdown while another member is sick, or until it has seen the others' health. A machine
        that hangs does not hear it, and one that is cut off takes the others for sick: such a one loses its power.
        """
        if member not in await self._existing():
            return
        await gate.urn.future()
        registered = asyncio.ensure_future(droplet.urn.future())
        said = False
        alone = 0
        while not (await asyncio.wait({registered}, timeout=WATCH_SECONDS))[0]:
            seen = await self._members.look()
            beside = others(member, self._settings.member_names, seen)
            sick = problems(beside, seen)
            alone = alone + 1 if alone_sick(member, beside, seen) else 0
            if self._settings.rollout != "all-at-once":
                # Else another droplet may be off because it is being replaced at this moment.
                await self._members.power_on(sick)
            if sick and not said:
                states = "; ".join(f"{name}: {problem}" for name, problem in sick.items())
                pulumi.log.warn(
                    f"{member} refuses to be shut down while another member is not healthy, and this run fails "
                    f"after {self._settings.droplet_timeout_seconds} s with {member} untouched, unless they become "
                    f"healthy before: then it is asked again. {states}"
                )
                said = True
            if sick:
                continue
            begun = await self._members.push(member, since=self._began, hangs=alone >= HANGING_LOOKS)
            if "power_off" in begun:
                pulumi.log.warn(
                    f"{member} is not healthy, and did not shut down when it was asked to: its power is cut, since "
                    "every other member is healthy"
                )
            elif begun:
                pulumi.log.info(f"{member} did not shut down when it was asked to: it is asked again")

    async def _newcomers_healthy(self, existing: Collection[str]) -> None:
        """Wait until the members that this run creates are healthy: before that nobody else can be spared.

        A gate would see it as well, but is not asked when its own input has not changed.
        """
        newcomers = [name for name in self._settings.member_names if name not in existing]
        if newcomers and self._newcomers is None:
            self._newcomers = asyncio.ensure_future(self._created_and_healthy(newcomers))
        if self._newcomers is not None:
            await asyncio.shield(self._newcomers)

    async def _saved_first(self) -> None:
        """Have a backup taken before all members are given another version at once, where a majority can take one."""
        if self._saved is None:
            self._saved = asyncio.ensure_future(self._save())
        await asyncio.shield(self._saved)

    async def _save(self) -> None:
        if not self._settings.backup_bucket:
            return
        seen = await self._members.look()
        if version := await self._upgrade.target(seen):
            purpose = f"Before etcd {version}"
            if has_majority(seen):
                await self._backups.confirmed(purpose, answering(seen), ending=self._untouched)
            else:
                pulumi.log.warn(f"{purpose}: no backup is taken, since no majority of the members is healthy")

    async def _created_and_healthy(self, newcomers: Sequence[str]) -> None:
        for name in newcomers:
            await self._droplets[name].urn.future()
        purpose = f"Before any other member may change, {' and '.join(newcomers)} must be there"
        await self._wait(purpose, asked=lambda _: newcomers, ending=self._untouched)

    async def look_again(self) -> None:
        """Wait until all members are healthy that there are, and touch nobody.

        A run that is limited to some targets neither creates members nor deletes any, whatever size is asked for.
        """
        existing = await self._existing()
        there = [
            name
            for name, droplet in self._droplets.items()
            if name in existing or await droplet.id.future() is not None
        ]
        await self._whole(there)

    async def _settle(self) -> None:
        """Wait until all members are healthy, and let those that are not configured any more leave, one by one."""
        staying = self._settings.member_names
        while True:
            seen = await self._whole(staying)
            if (leaving := next_to_leave(listed(seen), staying, seen)) is None:
                return
            if await self._backups.confirmed(
                "Before members leave", answering({name: seen[name] for name in staying}), ending=RESUMABLE
            ):
                continue
            await self._move_leadership([name for name in listed(seen) if name not in staying], seen)
            pulumi.log.info(f"{leaving} leaves the cluster, before its droplet is deleted")
            await self._members.remove(leaving, seen, through=staying)

    async def _whole(self, members: Sequence[str]) -> Mapping[str, Observation]:
        """Wait until the cluster of these members is healthy and at its version."""
        seen, _ = await self._wait(
            f"Cluster {self._name}",
            asked=lambda _: members,
            ending=RESUMABLE,
            at=await self._version.future() or "",
        )
        return seen

    async def _wait(
        self,
        purpose: str,
        *,
        asked: Callable[[Mapping[str, Observation]], Sequence[str]],
        ending: str,
        at: str = "",
    ) -> tuple[Mapping[str, Observation], bool]:
        """Wait until members are healthy: what was seen then, and whether there was a trouble before.

        ``asked`` names the members, from what was seen. ``at`` is the version that they and the cluster must have,
        where one is given.
        """
        last: Mapping[str, Observation] = {}
        self._members.forget_addresses()

        async def look() -> Mapping[str, str]:
            nonlocal last
            last = await self._members.look()
            names = asked(last)
            found = {**unfinished(names, last, at), **problems(names, last)}
            await self._members.power_on(found)
            return found

        try:
            troubled = await wait_until_healthy(
                look,
                seconds=self._settings.health_timeout_seconds,
                purpose=purpose,
                say=pulumi.log.info,
                repairs=await self._repairs(),
                ending=ending,
                renewed=renewed(self._settings),
            )
        except UnhealthyError as error:
            if out_of_reach(last):
                raise UnhealthyError(f"{error}\n{needed_to_reach(self._settings)}") from error
            raise
        return last, troubled

    async def _move_leadership(self, leaving: Sequence[str], seen: Mapping[str, Observation]) -> None:
        if (move := successor(leaving, seen)) is not None:
            await self._members.move_leadership(*move)

    async def _repairs(self) -> Mapping[str, str]:
        """The command that replaces each member's droplet, and leads clients to the new one."""
        return {name: await urns.apply(_replacing).future() or "" for name, urns in self._urns.items()}


def waits_for_gate(member: str, existing: Collection[str], rollout: str) -> bool:
    """Whether a droplet is taken away only after its gate: one that exists, unless the operator said otherwise.

    Nobody misses a droplet that is not there, and the gates of the others wait for it.
    """
    return member in existing and rollout != "all-at-once"


def needed_to_reach(settings: Settings) -> str:
    """What the machine that runs the program needs, where nothing comes back from any member."""
    networks = ", ".join(str(network) for network in settings.client_cidrs)
    private = " Besides, it must be inside the VPC, or have a route into it: etcd:addresses is private."
    return (
        "Nothing came back from any member. The machine that runs pulumi up asks them itself: its address must be in "
        f"etcd:clientCidrs, which is {networks}.{private if settings.addresses == 'private' else ''}"
    )


def others(member: str, configured: Iterable[str], seen: Mapping[str, Observation]) -> list[str]:
    """The members that must be healthy before ``member`` goes: those configured, and those that the cluster lists."""
    return sorted({*configured, *listed(seen)} - {member})


def alone_sick(member: str, beside: Iterable[str], seen: Mapping[str, Observation]) -> bool:
    """Whether ``member`` is the only one that is not healthy, of itself and those ``beside`` it."""
    return [*problems(sorted({member, *beside}), seen)] == [member]


def answering(seen: Mapping[str, Observation]) -> list[str]:
    """Names of the members that answered."""
    return sorted(name for name, answer in seen.items() if isinstance(answer, MemberStatus))


def has_majority(seen: Mapping[str, Observation]) -> bool:
    """Whether most of the members that the cluster lists are healthy."""
    names = sorted(listed(seen))
    healthy = len(names) - len(problems(names, seen))
    return 2 * healthy > len(names)


def next_to_leave(
    names: Iterable[str], staying: Sequence[str], seen: Mapping[str, Observation]
) -> str | None:
    """The next of the cluster's members that is to leave; ``None`` when all that are left stay.

    A sick one first: the cluster can spare more without it, and the rest leave while everybody else is healthy.
    Then the one with the highest number.
    """
    sick = problems(sorted(names), seen)
    leaving = [name for name in names if name not in staying]
    return max(leaving, key=lambda name: (name in sick, by_number(name)), default=None)


def _replacing(urns: Sequence[str]) -> str:
    droplet, record = urns
    return f"pulumi up --target-replace '{droplet}' --target '{record}', and then pulumi up"


def _in_order(rolling: Sequence[str], rollout: str) -> str:
    if rollout == "all-at-once":
        return f"{', '.join(rolling)} will be replaced all at once"
    return f"members that will be replaced, one after the other: {', '.join(rolling)}"
