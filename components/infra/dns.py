"""The members' DNS records, and the Cloudflare zone that holds them.

Both are registered by their type names, without ``pulumi_cloudflare``: its import takes longer than the rest of a run
that changes nothing (docs/decisions/provider-packages.md). A test compares them with that package.

A member can be replaced without DNS. While Cloudflare does not show the zone, a record that exists keeps its content,
and a later run corrects it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pulumi

from ..config.loading import ProviderAccess
from ..config.naming import key_of, provider_key
from ..identity.stack_state import RECORD_TYPE, RecordState, StackState
from ..run_log import log

VERSION = version("pulumi-cloudflare")
"""Version of the provider plugin: that of the installed package, as the package itself would ask for."""

RECORD_TTL = 60
"""Seconds that a resolver may keep a record. Few, because a replaced member has another address."""

NO_ZONE = "failed to find exactly one result"
"""The provider's words for a zone that does not exist, or that the token may not read."""


@dataclass(frozen=True)
class ZoneState:
    """What a run knows of the zone."""

    id: str
    """Id of the zone: from Cloudflare, else from the records in the stack's state, else empty."""
    problem: str
    """Why Cloudflare did not show the zone, and what to do, in one line. Empty if it did."""
    recorded: Mapping[str, RecordState]
    """The records in the stack's state, by the name of the member."""

    def keeps(self, member: str) -> bool:
        """Whether the record of a member stays as it is in this run."""
        return bool(self.problem) and member in self.recorded


class DnsZone:
    """The zone of the members' records."""

    state: pulumi.Output[ZoneState]
    """What this run knows of the zone. It never fails."""
    id: pulumi.Output[str]
    """Id of the zone."""

    def __init__(
        self,
        name: pulumi.Output[str],
        *,
        domain: str,
        zone_id: pulumi.Input[str],
        access: ProviderAccess,
        stack: pulumi.Output[StackState],
        parent: pulumi.Resource,
    ) -> None:
        """Look the zone up by its name, unless its id is known. Without both there is none.

        ``stack`` is the stack's state before the run. Records below ``domain`` are this cluster's.
        """
        recorded = stack.apply(lambda known: _below(domain, known.records))
        if zone_id:
            self.id = pulumi.Output.from_input(zone_id)
            self.state = pulumi.Output.from_input(_known_zone(self.id, recorded))
        else:
            self.state = pulumi.Output.from_input(_look_up(name, recorded, parent, access))
            self.id = self.state.apply(lambda state: state.id)

    def address(self, member: str, address: pulumi.Input[str]) -> pulumi.Output[str]:
        """The address that a member's record gets: ``address``, or the earlier one if the record stays as it is."""
        return self.state.apply(lambda zone: zone.recorded[member].address if zone.keeps(member) else address)

    def comment(self, member: str, comment: pulumi.Input[str]) -> pulumi.Output[str]:
        """The comment that a member's record gets: ``comment``, or the earlier one if the record stays as it is."""
        return self.state.apply(lambda zone: zone.recorded[member].comment if zone.keeps(member) else comment)


class DnsRecord(pulumi.CustomResource):
    """An unproxied A record (https://www.pulumi.com/registry/packages/cloudflare/api-docs/dnsrecord/)."""

    content: pulumi.Output[str]
    """The address in the record."""

    def __init__(
        self,
        resource_name: str,
        *,
        zone_id: pulumi.Input[str],
        name: str,
        address: pulumi.Input[str],
        comment: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register the record. ``name`` is a fully qualified domain name, ``address`` an IPv4 address."""
        super().__init__(
            RECORD_TYPE,
            resource_name,
            {
                "zoneId": zone_id,
                "name": name,
                "type": "A",
                "content": address,
                "ttl": RECORD_TTL,
                "proxied": False,
                "comment": comment,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=VERSION)),
        )


def _below(domain: str, records: Mapping[str, RecordState]) -> Mapping[str, RecordState]:
    """The records of this cluster's members. The state may have those of other clusters."""
    return {name: record for name, record in records.items() if name.partition(".")[2] == domain}


async def _known_zone(
    zone_id: pulumi.Output[str], recorded: pulumi.Output[Mapping[str, RecordState]]
) -> ZoneState:
    """The state of a zone whose id is given. A preview may not know it yet."""
    return ZoneState(await zone_id.future() or "", "", await recorded.future() or {})


async def _look_up(
    name: pulumi.Output[str],
    records: pulumi.Output[Mapping[str, RecordState]],
    parent: pulumi.Resource,
    access: ProviderAccess,
) -> ZoneState:
    zone, recorded = await name.future() or "", await records.future() or {}
    if not zone:
        return ZoneState("", "", {})
    try:
        # Not invoke_output: a failed output ends the run with a traceback, at any moment.
        found: Any = await pulumi.runtime.invoke_async(
            "cloudflare:index/getZone:getZone",
            {"filter": {"name": zone, "match": "all"}},
            pulumi.InvokeOptions(parent=parent, version=VERSION),
        )
    # Pulumi raises a plain Exception.
    except Exception as error:
        problem = zone_problem(zone, str(error), access)
        if recorded:
            log.warn(f"{problem}. Until then, DNS records keep their addresses")
        return ZoneState(next((record.zone_id for record in recorded.values()), ""), problem, recorded)
    return ZoneState(str(found["id"]), "", recorded)


def zone_problem(zone: str, error: str, access: object) -> str:
    """Why Cloudflare does not show the zone, in one line: service, keys, reason and remedy."""
    reason = " ".join(error.rpartition("returned an error: ")[2].split())
    token = provider_key("cloudflare:apiToken")
    if NO_ZONE in reason:
        remedy = f"Correct {key_of('zone')}, or give {token} the permission to read this zone"
    else:
        remedy = f"If it refuses the token, set another {token}. If it is away, wait until it answers"
    return (
        f"Cloudflare at {access} ({provider_key('cloudflare:baseUrl')}) does not show the zone "
        f"{zone} ({key_of('zone')}) to the token {token}: {reason}. {remedy}"
    )
