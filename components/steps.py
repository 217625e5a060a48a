"""Changes that a cluster makes in steps: another version of etcd, another certificate authority.

A stash records the step that the cluster was last allowed to take, and the droplets wait for it. Its hook asks the
members that run at that moment as well: where the step before was interrupted, some of them are behind the record. A
hook that refuses leaves the record, and with it the way back to the step that is not finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.health import DISTRUSTED, DISTRUSTS, Probe, Silence, listed
from components.members import Members
from components.record import Recorded, waiting_for
from components.settings import Settings
from components.transition import RefusedError, members_trust_each_other
from components.upgrades import minor, version_refusals
from components.upgrading import lagging, needs_clean_logs, versions

LOOKS = 3
"""A member that refuses a certificate may end the connection before it has said so: it is asked again."""
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Step(Recorded):
    """What reaches the members one at a time, while the others still have what was before."""

    version: str
    release_url: str
    """Where the release is, with the version already in it."""
    release_sha256: str
    authorities: tuple[int, ...]

    @staticmethod
    def of(settings: Settings) -> Step:
        """What these settings ask for."""
        return Step(
            version=settings.version,
            release_url=settings.release_url.replace("{version}", settings.version),
            release_sha256=settings.release_checksum,
            authorities=settings.authorities,
        )


class Steps:
    """The record, and what an update of it must pass."""

    release: pulumi.Output[Mapping[str, Any]]
    """The recorded ``version``, ``release_url`` and ``release_sha256``. Droplets take them from here: a run that
    is limited to some targets does not update the record, and installs what the others have."""
    version: pulumi.Output[str]
    """The recorded version alone."""

    def __init__(
        self, name: str, settings: Settings, *, members: Members, opts: pulumi.ResourceOptions
    ) -> None:
        self._settings = settings
        self._members = members
        self._wish = Step.of(settings)
        hook = pulumi.ResourceHook(
            f"{name}-steps", self._check, opts=pulumi.ResourceHookOptions(on_dry_run=True)
        )
        self.record = pulumi.Stash(
            f"{name}-steps",
            input=self._wish.as_record(),
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # A cluster that an earlier version of the program made has no record, but it has members.
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
                ),
            ),
        )
        self.release = self.record.input
        self.version = self.record.input.apply(lambda record: str(record["version"]))

    def before(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that wait for the record, as do all that are made inside them."""
        return waiting_for(self.record, opts)

    async def _check(self, args: pulumi.ResourceHookArgs) -> None:
        old = self._wish.as_recorded(args.old_inputs["input"]) if args.old_inputs else None
        reasons = [] if old is None else refusals(old, self._wish, self._settings)
        # A preview does not know the certificates that members would be asked with.
        if not reasons and not pulumi.runtime.is_dry_run() and self._settings.rollout != "all-at-once":
            reasons = await self._unfinished(old)
        if reasons:
            raise RefusedError("\n".join([*reasons, "No member was touched."]))

    async def _unfinished(self, old: Step | None) -> list[str]:
        """Why the members that run now are not ready for the step; nothing where none runs."""
        if not await self._members.existing.future():
            return []
        seen: Mapping[str, Probe] = {}
        for look in range(LOOKS):
            await asyncio.sleep(PAUSE_SECONDS if look else 0)
            seen = await self._members.look()
            # What is seen of those that answer is no passing trouble.
            reasons = [
                *lagging(seen, self._wish.version, checksum_given=bool(self._settings.release_sha256)),
                *untrusting(seen, old, self._wish),
            ]
            if reasons or not any(isinstance(answer, Silence) for answer in seen.values()):
                return reasons
        return list(unprepared(seen, old, self._wish))


def refusals(old: Step, new: Step, settings: Settings) -> list[str]:
    """Why ``new`` must not follow on ``old``: key, value, reason and way out. Empty when it may."""
    return [
        *version_refusals(old.version, new.version, checksum_given=bool(settings.release_sha256)),
        *upgrades_go_through_the_gates(old, new, settings),
        *members_trust_each_other(old.authorities, new.authorities),
    ]


def upgrades_go_through_the_gates(old: Step, new: Step, settings: Settings) -> Iterator[str]:
    """Members of two minor versions meet, and their logs are prepared, one member at a time only."""
    if settings.rollout == "all-at-once" and minor(old.version) != minor(new.version):
        yield (
            f"etcd:version is {new.version}, and the cluster has {old.version}: another minor version is never reached "
            "with etcd:rollout all-at-once. Remove etcd:rollout, or leave the version as it is in this run"
        )


def unprepared(seen: Mapping[str, Probe], old: Step | None, new: Step) -> Iterator[str]:
    """Members that cannot be prepared for another version, since they do not answer."""
    running = versions(seen)
    if old is None or old.version == new.version or not needs_clean_logs(running, new.version):
        return
    for name in sorted(listed(seen) - running.keys()):
        yield (
            f"etcd:version is {new.version}: every member takes a snapshot before it, and {name} does not answer. "
            f"Set it to {old.version} and let a pulumi up end well first"
        )


def untrusting(seen: Mapping[str, Probe], old: Step | None, new: Step) -> Iterator[str]:
    """Members that have not finished the step before: asked with this step's certificates, they refuse, or are refused.

    A newer CA's certificate is shown to them without the one that the older CA gave it, by which they would take it.
    """
    before = "what it was" if old is None else list(old.authorities)
    for name, answer in sorted(seen.items()):
        for sign, said in (
            (DISTRUSTS, f"{name} does not trust CA {new.authorities[0]} yet, which is to sign"),
            (DISTRUSTED, f"{name} still shows a certificate of a CA that is to be dropped"),
        ):
            if isinstance(answer, Silence) and sign in answer.seen:
                yield (
                    f"etcd:authorities is {list(new.authorities)}: {said}. "
                    f"Set it to {before} and let a pulumi up end well first"
                )
