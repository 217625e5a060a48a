"""The members' DNS records, and the Cloudflare zone that holds them.

Both are registered by their type names, without ``pulumi_cloudflare``: its import takes longer than the rest of a run
that changes nothing (docs/decisions/provider-packages.md). A test compares them with that package.
"""

from __future__ import annotations

from importlib.metadata import version

import pulumi

VERSION = version("pulumi-cloudflare")
"""Version of the provider plugin: that of the installed package, as the package itself would ask for."""

RECORD_TTL = 60
"""Seconds that a resolver may keep a record. Few, because a replaced member has another address."""


class DnsRecord(pulumi.CustomResource):
    """An unproxied A record (https://www.pulumi.com/registry/packages/cloudflare/api-docs/dnsrecord/)."""

    def __init__(
        self,
        resource_name: str,
        *,
        zone_id: pulumi.Input[str],
        name: str,
        address: pulumi.Input[str],
        comment: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Register the record. ``name`` is a fully qualified domain name, ``address`` an IPv4 address."""
        super().__init__(
            "cloudflare:index/dnsRecord:DnsRecord",
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


def zone_id(name: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """Look up the id of a zone by its name. The run fails if the token does not see the zone."""
    found = pulumi.runtime.invoke_output(
        "cloudflare:index/getZone:getZone",
        {"filter": {"name": name, "match": "all"}},
        pulumi.InvokeOutputOptions(parent=parent, version=VERSION),
    )
    return found.apply(lambda zone: str(zone["id"]))
