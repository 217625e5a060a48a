"""Where a cluster is: its VPC and its Cloudflare zone. Their ids may come from other resources.

So no record has them. What the stack's state says of droplets and DNS records decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..config.naming import key_of
from ..config.settings import Settings
from ..identity.stack_state import StackState

VPC_URN = "digitalocean:index/vpc:Vpc::{cluster}-vpc"
"""The end of the URN of a cluster's own VPC."""


def placement_problems(
    cluster: str, settings: Settings, stack: StackState, *, vpc_id: str, zone_id: str
) -> list[str]:
    """Why members would not find each other or clients would lose them; empty if neither is so.

    Ids that a preview does not know are empty. A cluster without a droplet may move.
    """
    members = [name for name in stack.droplets if name.partition(".")[2] == settings.domain]
    if not members:
        return []
    return [
        *_zone_problems(settings, stack, members, zone_id),
        *_vpc_problems(cluster, settings, stack, members, vpc_id),
    ]


def _zone_problems(settings: Settings, stack: StackState, members: list[str], zone_id: str) -> Iterator[str]:
    zones = {stack.records[name].zone_id for name in members if name in stack.records}
    if not settings.has_records and zones:
        yield (
            f"{key_of('zone')} and {key_of('zoneId')} are not set, and the members have DNS records: the records would "
            f"be deleted, and clients use them. Set {key_of('zone')} or {key_of('zoneId')} back"
        )
    elif settings.zone_id and zone_id and zones - {zone_id}:
        yield (
            f"{key_of('zoneId')} is {zone_id}, and was {', '.join(sorted(zones))}: the members' records would be "
            "deleted from the zone that clients use. Set it back, or create another cluster and restore a backup there"
        )


def _vpc_problems(
    cluster: str, settings: Settings, stack: StackState, members: list[str], vpc_id: str
) -> Iterator[str]:
    """Members that use public addresses reach each other from any VPC."""
    former = {stack.vpcs[name] for name in members if stack.vpcs.get(name)}
    if settings.addresses == "public" or not former:
        return
    own = any(urn.endswith(VPC_URN.format(cluster=cluster)) for urn in stack.urns)
    if (settings.vpc_id and vpc_id and former - {vpc_id}) or (not settings.vpc_id and not own):
        yield (
            f"{key_of('vpcId')} is {vpc_id or 'not set'}, and the members are in the VPC {', '.join(sorted(former))}: "
            f"with {key_of('addresses')} private, old and new members would not reach each other. Set it to "
            f"{min(former)}, or create another cluster and restore a backup there"
        )
