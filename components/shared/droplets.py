"""Addresses of droplets, as DigitalOcean's API lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def ipv4_address(droplet: Mapping[str, Any], kind: str) -> str:
    """A droplet's ``public`` or ``private`` address. A new droplet has none yet: then the text is empty."""
    networks: Mapping[str, Any] = droplet.get("networks") or {}
    addresses: Sequence[Mapping[str, Any]] = networks.get("v4") or ()
    return next((str(one["ip_address"]) for one in addresses if one["type"] == kind), "")


def addresses_by_name(droplets: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    """Addresses by name, from ids, names and addresses. Droplets without an address are left out.

    Where two droplets have one name, the newer one counts. It has the higher id.
    """
    return {name: address for _, name, address in sorted(droplets) if address}
