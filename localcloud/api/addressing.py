"""Assigns addresses to droplets and networks to VPCs.

Addresses are assigned round robin. So a replaced droplet gets another address, as at DigitalOcean, and tests find
code that keeps using the old one. No two droplets of any accounts have the same address.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from localcloud.addresses import PUBLIC_NETWORK
from localcloud.api.model import Droplet, Vpc
from localcloud.api.store import Store

FIRST_PUBLIC = 10
"""Offset of the first public address of a droplet."""
FIRST_PRIVATE = 2
"""Offset of the first droplet's address in a VPC. The gateway has offset 1."""
VPC_RANGES = IPv4Network("10.0.0.0/8")
"""The network that contains all assigned VPC networks."""
FIRST_VPC = IPv4Network("10.114.0.0/20")
"""The network of the first VPC."""


class NoFreeAddressError(Exception):
    """Every address of a network, or every network, is in use."""


def _next_free(store: Store, network: IPv4Network, first: int, used: set[IPv4Interface]) -> IPv4Interface:
    usable = network.num_addresses - 1 - first
    for _ in range(usable):
        offset = store.next(f"address {network}", 0) % usable
        candidate = IPv4Interface((network.network_address + first + offset, network.prefixlen))
        if candidate not in used:
            return candidate
    raise NoFreeAddressError(f"all {usable} addresses of {network} are in use")


def public_address(store: Store) -> IPv4Interface:
    """Return a free public address, at least ``.10`` of the public network."""
    used = {droplet.public for droplet in store.everywhere(Droplet)}
    return _next_free(store, PUBLIC_NETWORK, FIRST_PUBLIC, used)


def private_address(store: Store, vpc: Vpc) -> IPv4Interface:
    """Return a free address of a VPC."""
    used = {droplet.private for droplet in store.everywhere(Droplet)}
    return _next_free(store, IPv4Network(vpc.ip_range), FIRST_PRIVATE, used)


def vpc_range(store: Store) -> IPv4Network:
    """Return a /20 network that overlaps no VPC of any account: all machines share one network."""
    taken = [IPv4Network(vpc.ip_range) for vpc in store.everywhere(Vpc)]
    for network in VPC_RANGES.subnets(new_prefix=20):
        if network >= FIRST_VPC and not any(network.overlaps(other) for other in taken):
            return network
    raise NoFreeAddressError(f"all /20 networks of {VPC_RANGES} are in use")
