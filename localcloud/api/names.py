"""Translates Cloudflare's records into the answers of the name server."""

from __future__ import annotations

from localcloud.api.model import DnsRecord
from localcloud.api.store import Store

MAX_ALIASES = 8
"""The longest chain of CNAMEs that is followed. It also ends loops."""


def addresses_by_name(store: Store) -> dict[str, list[str]]:
    """Return each name's IPv4 addresses, from A records of all accounts, and from CNAMEs that lead to one.

    Proxied records are left out: their names resolve to Cloudflare's own addresses.
    """
    records = [record for record in store.everywhere(DnsRecord) if not record.proxied]
    names: dict[str, list[str]] = {}
    for record in records:
        if record.type == "A":
            names.setdefault(record.name, []).append(record.content)
    aliases = {record.name: record.content for record in records if record.type == "CNAME"}
    for alias in aliases:
        target = alias
        for _ in range(MAX_ALIASES):
            if target not in aliases:
                break
            target = aliases[target]
        if target in names:
            names[alias] = names[target]
    return names
