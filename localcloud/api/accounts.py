"""The accounts of every local cloud, each with tokens of its own. None sees what another one has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud import tokens


@dataclass(frozen=True)
class Account:
    """An account at DigitalOcean, and one at Cloudflare."""

    name: str
    email: str
    uuid: str
    team: str
    """UUID of the team at DigitalOcean."""
    cloudflare: str
    """Id of the account at Cloudflare."""
    zone: str
    """Name of the DNS zone with which it starts."""
    zone_id: str
    tokens: Mapping[str, str]
    """The name of each token, under which requests and faults show it."""
    scopes: Mapping[str, frozenset[str] | None]
    """The scopes of each DigitalOcean token, named as in its API reference; ``None`` is full access."""
    cloudflare_token: str
    """The token that may read zones and edit DNS records."""


DISCOVERY_SCOPES = frozenset({"droplet:read", "tag:read"})

FIRST = Account(
    name="first",
    email="operator@example.test",
    uuid="10ca1c10-0000-4000-8000-000000000001",
    team="10ca1c10-0000-4000-8000-000000000002",
    cloudflare="01a7362d577a6c3019a474fd6f485823",
    zone=tokens.ZONE,
    zone_id="023e105f4ecef8ad9ca31a8372d0c353",
    tokens={
        tokens.DIGITALOCEAN_TOKEN: "admin",
        tokens.DISCOVERY_TOKEN: "discovery",
        tokens.SCOPELESS_TOKEN: "scopeless",
        tokens.CLOUDFLARE_TOKEN: "cloudflare",
    },
    scopes={
        tokens.DIGITALOCEAN_TOKEN: None,
        tokens.DISCOVERY_TOKEN: DISCOVERY_SCOPES,
        tokens.SCOPELESS_TOKEN: frozenset(),
    },
    cloudflare_token=tokens.CLOUDFLARE_TOKEN,
)
"""The account of stack ``local``."""

SECOND = Account(
    name="second",
    email="operator@second.test",
    uuid="10ca1c10-0000-4000-8000-000000000003",
    team="10ca1c10-0000-4000-8000-000000000004",
    cloudflare="01a7362d577a6c3019a474fd6f485824",
    zone=tokens.SECOND_ZONE,
    zone_id="023e105f4ecef8ad9ca31a8372d0c354",
    tokens={
        tokens.SECOND_DIGITALOCEAN_TOKEN: "second-admin",
        tokens.SECOND_DISCOVERY_TOKEN: "second-discovery",
        tokens.SECOND_CLOUDFLARE_TOKEN: "second-cloudflare",
    },
    scopes={
        tokens.SECOND_DIGITALOCEAN_TOKEN: None,
        tokens.SECOND_DISCOVERY_TOKEN: DISCOVERY_SCOPES,
    },
    cloudflare_token=tokens.SECOND_CLOUDFLARE_TOKEN,
)
"""The account of somebody else, or of a program with explicit providers."""

ACCOUNTS = (FIRST, SECOND)
BY_TOKEN = {token: account for account in ACCOUNTS for token in account.tokens}
"""The account that each token belongs to."""
