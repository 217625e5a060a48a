"""Translates cloud firewalls into packet filters: tags, droplet ids and addresses become networks."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network, IPv6Network, ip_network

from localcloud.api.model import Droplet, Firewall, Target
from localcloud.api.store import Store
from localcloud.machines.interface import Filter, Rule


def port_range(protocol: str, ports: str) -> tuple[int, int] | None:
    """Return the first and the last port of ``22`` or ``8000-9000``.

    The result is ``None`` for every port (``0``, ``all``) and for ICMP. Raises ``ValueError`` for anything else.
    """
    if protocol == "icmp" or ports in {"", "0", "all"}:
        return None
    first, _, last = ports.partition("-")
    start, end = int(first), int(last or first)
    if not 1 <= start <= end <= 65535:
        raise ValueError(f"{ports} is not a port range")
    return start, end


def addresses_of(droplet: Droplet) -> tuple[IPv4Interface, ...]:
    """Return a droplet's addresses."""
    return (droplet.public, droplet.private)


def networks_of(target: Target, droplets: Iterable[Droplet]) -> tuple[IPv4Network, ...]:
    """Return the IPv4 networks of a rule's target, given all droplets.

    IPv6 addresses are ignored, since droplets of the local cloud have none.
    """
    networks = [ip_network(address, strict=False) for address in target.addresses or ()]
    wanted = {tag.casefold() for tag in target.tags or ()}
    for droplet in droplets:
        if droplet.id in (target.droplet_ids or ()) or wanted & {tag.casefold() for tag in droplet.tags}:
            networks += [IPv4Network(address.ip) for address in addresses_of(droplet)]
    return tuple(dict.fromkeys(network for network in networks if not isinstance(network, IPv6Network)))


def applies(firewall: Firewall, droplet: Droplet) -> bool:
    """Return whether a firewall applies to a droplet, by its id or by a tag."""
    tags = {tag.casefold() for tag in firewall.tags}
    return droplet.id in firewall.droplet_ids or bool(tags & {tag.casefold() for tag in droplet.tags})


def filters_of(store: Store) -> list[Filter]:
    """Return a filter for each droplet that has a firewall."""
    droplets = store.all(Droplet)
    firewalls = store.all(Firewall)
    filters: list[Filter] = []
    for droplet in droplets:
        mine = [firewall for firewall in firewalls if applies(firewall, droplet)]
        if not mine:
            continue
        inbound = [
            Rule(rule.protocol, port_range(rule.protocol, rule.ports), networks_of(rule.sources, droplets))
            for firewall in mine
            for rule in firewall.inbound_rules
        ]
        outbound = [
            Rule(
                rule.protocol, port_range(rule.protocol, rule.ports), networks_of(rule.destinations, droplets)
            )
            for firewall in mine
            for rule in firewall.outbound_rules
        ]
        filters.append(
            Filter(
                addresses_of(droplet),
                tuple(rule for rule in inbound if rule.networks),
                tuple(rule for rule in outbound if rule.networks),
            )
        )
    return filters
