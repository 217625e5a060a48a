"""The Cloudflare provider's two parts that a cluster needs: the zone, and a record in it.

They are the provider's own, asked for by their names. ``import pulumi_cloudflare`` would load 12 MB of Python,
most of a run that changes nothing; the package is installed all the same, and its version is the provider's.
"""

from __future__ import annotations

from importlib.metadata import version

import pulumi

VERSION = version("pulumi-cloudflare")
RECORD_TTL = 60
"""Seconds: a replaced member's old address is forgotten soon."""


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
        """Register it; ``name`` is a fully qualified domain name, ``address`` an IPv4 address."""
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
    """The id of the zone with this name; a zone that the token does not see fails the run."""
    found = pulumi.runtime.invoke_output(
        "cloudflare:index/getZone:getZone",
        {"filter": {"name": name, "match": "all"}},
        pulumi.InvokeOutputOptions(parent=parent, version=VERSION),
    )
    return found.apply(lambda zone: str(zone["id"]))
