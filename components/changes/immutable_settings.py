"""Reject changes that the cluster cannot make, before any change.

A stash records what the last run requested. All other resources of the cluster depend on it. Its before-hook fails for
an invalid transition, in a preview as well. Then nothing is changed, and the stash keeps the old record.

A run with ``--target`` or ``--exclude`` may leave the stash out. The engine calls no hook then. So the program itself
compares the record with the requested settings, before it registers any other resource.

A record alone does not prove that the cluster exists. If there is neither a droplet nor a volume, all settings may
change, except the backup to restore, which has a record of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pulumi

from ..config.hooks import resource_hook
from ..config.naming import key_of
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..droplets.inventory import Inventory
from .stash_record import Recorded, depending_on, left_out, not_checked


@dataclass(frozen=True)
class RequestedSettings(Recorded):
    """The settings of a run that later runs cannot change freely."""

    authorities: tuple[int, ...]
    volume_size: int
    addresses: str
    domain: str
    zone: str
    region: str
    restore_from: str
    zone_by_id: bool = field(default=False, compare=False)
    """Whether the zone is named by its id instead."""

    not_recorded: ClassVar[frozenset[str]] = frozenset({"zone_by_id"})

    @staticmethod
    def of(settings: Settings) -> RequestedSettings:
        """The requested settings of this run."""
        return RequestedSettings(
            authorities=settings.authorities,
            volume_size=settings.volume_size,
            addresses=settings.addresses,
            domain=settings.domain,
            zone=settings.zone,
            region=settings.region,
            restore_from=settings.restore_from,
            zone_by_id=bool(settings.zone_id),
        )


class InvalidTransitionError(pulumi.RunError):
    """The configuration requests a change that the cluster cannot make. The text has one line for each reason."""


class ImmutableSettings:
    """The record of the requested settings, and the rules for its updates."""

    zone: pulumi.Output[str]
    """The recorded zone, which is looked up only after the rules have passed."""

    def __init__(
        self, name: str, settings: Settings, *, account: Inventory, opts: pulumi.ResourceOptions
    ) -> None:
        requested = RequestedSettings.of(settings)
        self._requested = requested

        async def check(args: pulumi.ResourceHookArgs) -> None:
            old = requested.as_recorded((args.old_inputs or {})["input"])
            reasons = transition_problems(old, requested)
            if reasons and not await account.has_droplets_or_volumes():
                reasons = [*existing_cluster_is_not_restored(old, requested)]
            if reasons:
                raise InvalidTransitionError("\n".join([*reasons, "Nothing was changed."]))

        # Hook and record have the names that they have in clusters that exist.
        hook = resource_hook(f"{name}-transition", check, in_previews=True)
        self.record = pulumi.Stash(
            f"{name}-transition",
            input=requested.as_record(),
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
            ),
        )
        self.zone = pulumi.Output.from_input(self._zone())
        self._allowed = pulumi.Output.from_input(self._check_left_out()).apply(lambda _: [self.record])

    async def _zone(self) -> str:
        # A plain value: a first preview makes no look-up that depends on a resource, and would accept a wrong zone.
        record: Mapping[str, Any] | None = await self.record.input.future()
        # A first run that leaves the record out has none.
        return self._requested.as_recorded(record or {}).zone

    @failing_last
    async def _check_left_out(self) -> None:
        if (recorded := await left_out(self.record, self._requested)) is None:
            return
        if reasons := problems_without_record(recorded, self._requested):
            raise InvalidTransitionError("\n".join([*reasons, "Nothing was changed."]))

    def after_record(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that depend on the record and its check, with all resources inside them."""
        return depending_on(self._allowed, opts)


def transition_problems(old: RequestedSettings, new: RequestedSettings) -> list[str]:
    """Why ``new`` cannot follow ``old``: key, value, reason and way out. Empty when it can."""
    return [reason for rule in RULES for reason in rule(old, new)]


def problems_without_record(recorded: RequestedSettings, new: RequestedSettings) -> list[str]:
    """Why ``new`` may not be applied in a run that leaves the record out.

    Some changes are refused although they are valid: the next run would compare its settings with an old record.
    """
    return transition_problems(recorded, new) or [
        not_checked(key, after, before)
        for key, before, after in (
            ("authorities", list(recorded.authorities), list(new.authorities)),
            ("volumeSize", recorded.volume_size, new.volume_size),
        )
        if before != after
    ]


def authorities_change_in_steps(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """The steps in which one certificate authority replaces another."""
    yield from members_trust_each_other(old.authorities, new.authorities)


def members_trust_each_other(old: Sequence[int], new: Sequence[int]) -> Iterator[str]:
    """Old and new members run at the same time, and each must trust the other's certificates.

    The first authority of each list signs certificates.
    """
    if new[0] not in old:
        first = [old[0], new[0]]
        reason = f"members do not trust CA {new[0]} yet, and would reject certificates that it signed"
    elif old[0] not in new:
        first = [new[0], old[0]]
        reason = f"members still use certificates of CA {old[0]}, and members that no longer trust it would reject them"
    else:
        return
    yield (
        f"{key_of('authorities')} is {list(new)}, and was {list(old)}: {reason}. "
        f"Set it to {first} and complete a pulumi up first"
    )


def data_stays_where_it_is(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """A volume cannot shrink, and data does not move between a droplet's disk and a volume."""
    before, after = old.volume_size, new.volume_size
    if before == after:
        return
    if 0 in {before, after}:
        places = "the droplets' disks to volumes" if before == 0 else "volumes to the droplets' disks"
        yield (
            f"{key_of('volumeSize')} is {after}, and was {before}: data does not move from {places}, so every member "
            f"would start without data. Set it back to {before}, or create another cluster and restore a backup there"
        )
    elif after < before:
        yield (
            f"{key_of('volumeSize')} is {after}, and was {before}: a volume cannot shrink, and a new volume would be "
            f"empty. Use {before} or more"
        )


def names_and_addresses_stay(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """Members know each other by name, and find each other by address."""
    for name, before, after, reason in (
        ("domain", old.domain, new.domain, "every member would get a new name, which the others do not know"),
        ("addresses", old.addresses, new.addresses, "old and new members would use addresses of different networks"),
        ("zone", old.zone, new.zone, "the members' records would be deleted from the zone that clients use"),
        ("region", old.region, new.region, "volumes and the VPC cannot move, so every member would start without data"),
    ):  # fmt: skip
        # Records can be added, and their zone can be named by its id.
        if name == "zone" and (not before or (not after and new.zone_by_id)):
            continue
        if before != after:
            yield (
                f"{key_of(name)} is {after}, and was {before}: {reason}. Set it back to {before}, or create another "
                "cluster in a stack of its own and restore a backup there"
            )


def existing_cluster_is_not_restored(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """Only a bootstrap restores a backup."""
    if new.restore_from and new.restore_from != old.restore_from:
        yield (
            f"{key_of('restoreFrom')} is {new.restore_from}: this stack already has a cluster, and only a new "
            "cluster can start from a backup. Remove the key, or use another stack. If all data is lost, follow "
            "docs/recovery.md, Nothing left. If no member ever started, because the backup of the first run could "
            "not be restored: docs/recovery.md, A new cluster from a backup"
        )


Rule = Callable[[RequestedSettings, RequestedSettings], Iterator[str]]
"""Yields the reasons why the second settings cannot follow the first."""

RULES: tuple[Rule, ...] = (
    authorities_change_in_steps,
    data_stays_where_it_is,
    names_and_addresses_stay,
    existing_cluster_is_not_restored,
)
