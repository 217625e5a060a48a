"""What must not follow on what: changes that are refused before anything is touched.

A stash records what the cluster was last asked to be. Every other resource of the cluster waits for it, so a
before-hook that fails leaves all of them as they are, in previews as well. The stash then keeps the old record.

A record of what never came true holds nobody back: where there is neither droplet nor volume, the wish may change. Not
what the founding began with, which has a record of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.changes.stash_record import Recorded, waiting_for
from components.config.settings import Settings
from components.droplets.inventory import Inventory


@dataclass(frozen=True)
class RequestedSettings(Recorded):
    """What a run was asked for, as far as a later run may not change it at will."""

    authorities: tuple[int, ...]
    volume_size: int
    addresses: str
    domain: str
    zone: str
    region: str
    restore_from: str

    @staticmethod
    def of(settings: Settings) -> RequestedSettings:
        """What these settings ask for."""
        return RequestedSettings(
            authorities=settings.authorities,
            volume_size=settings.volume_size,
            addresses=settings.addresses,
            domain=settings.domain,
            zone=settings.zone,
            region=settings.region,
            restore_from=settings.restore_from,
        )


class TransitionRefusedError(Exception):
    """The configuration asks for what must not follow on what the cluster is; one line for each reason."""


class ImmutableSettings:
    """The record, and the rules that an update of it must pass."""

    zone: pulumi.Output[str]
    """The recorded zone, to be looked up once the rules have been passed."""

    def __init__(
        self, name: str, settings: Settings, *, account: Inventory, opts: pulumi.ResourceOptions
    ) -> None:
        wish = RequestedSettings.of(settings)

        async def check(args: pulumi.ResourceHookArgs) -> None:
            old = wish.as_recorded((args.old_inputs or {})["input"])
            reasons = refusals(old, wish)
            if reasons and not await account.has_droplets_or_volumes():
                reasons = [*a_cluster_that_exists_is_not_restored(old, wish)]
            if reasons:
                raise TransitionRefusedError("\n".join([*reasons, "Nothing was changed."]))

        hook = pulumi.ResourceHook(
            f"{name}-transition", check, opts=pulumi.ResourceHookOptions(on_dry_run=True)
        )
        self.record = pulumi.Stash(
            f"{name}-transition",
            input=wish.as_record(),
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
            ),
        )
        self.zone = pulumi.Output.from_input(self._zone())

    async def _zone(self) -> str:
        # A plain value: the first preview looks nothing up that depends on a resource, and would not see a wrong zone.
        record: Any = await self.record.input.future()
        return str(record["zone"])

    def before(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that wait for the record, as do all that are made inside them."""
        return waiting_for(self.record, opts)


def refusals(old: RequestedSettings, new: RequestedSettings) -> list[str]:
    """Why ``new`` must not follow on ``old``: key, value, reason and way out. Empty when it may."""
    return [reason for rule in RULES for reason in rule(old, new)]


def authorities_follow(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """The order in which one CA replaces another."""
    yield from members_trust_each_other(old.authorities, new.authorities)


def members_trust_each_other(old: Sequence[int], new: Sequence[int]) -> Iterator[str]:
    """Old and new members run side by side: each must trust what the other shows. Signers are first."""
    if new[0] not in old:
        first = [old[0], new[0]]
        reason = f"members do not trust CA {new[0]} yet, and would refuse those that show its certificates"
    elif old[0] not in new:
        first = [new[0], old[0]]
        reason = f"members still show certificates of CA {old[0]}, and would be refused by those that drop it"
    else:
        return
    yield (
        f"etcd:authorities is {list(new)}, and was {list(old)}: {reason}. "
        f"Set it to {first} and let a pulumi up end well first"
    )


def data_stays_where_it_is(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """A volume cannot shrink, and data does not move between root disk and volume."""
    before, after = old.volume_size, new.volume_size
    if before == after:
        return
    if 0 in {before, after}:
        places = "the droplets' own disks to volumes" if before == 0 else "volumes to the droplets' own disks"
        yield (
            f"etcd:volumeSize is {after}, and was {before}: data does not move from {places}, so every member would "
            f"start without any. Set it back to {before}, or found another cluster and restore a snapshot there"
        )
    elif after < before:
        yield (
            f"etcd:volumeSize is {after}, and was {before}: a volume cannot shrink, and a new one would be empty. "
            f"Use {before} or more"
        )


def names_and_addresses_stay(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """Members know each other by name, and find each other by address."""
    for key, before, after, reason in (
        ("domain", old.domain, new.domain, "every member would change its name, and be a stranger to the others"),
        ("addresses", old.addresses, new.addresses, "old and new members would look for each other at addresses "
         "of different networks"),
        ("zone", old.zone, new.zone, "the members' records would be deleted from the zone in which clients find them"),
        ("region", old.region, new.region, "volumes and the VPC cannot move, so every member would start without data"),
    ):  # fmt: skip
        if before != after:
            yield (
                f"etcd:{key} is {after}, and was {before}: {reason}. Set it back to {before}, or found another cluster "
                "in a stack of its own and move the data there with a snapshot"
            )


def a_cluster_that_exists_is_not_restored(old: RequestedSettings, new: RequestedSettings) -> Iterator[str]:
    """Only a founding begins with a backup."""
    if new.restore_from and new.restore_from != old.restore_from:
        yield (
            f"etcd:restoreFrom is {new.restore_from}: this stack has a cluster already, and a backup is restored by a "
            "founding alone. Remove the key, use a stack of its own, or follow docs/recovery.md if all data is lost. "
            "Where no member ever started, because the backup of the first run could not be restored: pulumi destroy, "
            "which deletes no backup, and then pulumi up"
        )


Rule = Callable[[RequestedSettings, RequestedSettings], Iterator[str]]

RULES: tuple[Rule, ...] = (
    authorities_follow,
    data_stays_where_it_is,
    names_and_addresses_stay,
    a_cluster_that_exists_is_not_restored,
)
