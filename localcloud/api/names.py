"""From Cloudflare's records to what the name server answers."""

from __future__ import annotations

from localcloud.api.model import DnsRecord
from localcloud.api.store import Store

MAX_ALIASES = 8
"""A longer chain of CNAMEs is a loop, or as good as one."""


def addresses_by_name(store: Store) -> dict[str, list[str]]:
    """Every name with its IPv4 addresses: A records, and CNAMEs that end at one.

    Proxied records are left out: their names lead to Cloudflare's edge, not to the content.
    """
    records = [record for record in store.all(DnsRecord) if not record.proxied]
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
