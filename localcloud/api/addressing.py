"""Which addresses droplets and VPCs get.

Addresses are given out in a circle, so that a replaced droplet comes back under another one, as it does
at DigitalOcean; whoever remembers the old one notices.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from localcloud.addresses import PUBLIC_NETWORK
from localcloud.api.model import Droplet, Vpc
from localcloud.api.store import Store

FIRST_PUBLIC = 10
FIRST_PRIVATE = 2
VPC_RANGES = IPv4Network("10.0.0.0/8")
FIRST_VPC = IPv4Network("10.114.0.0/20")


class NoAddressLeft(Exception):  # noqa: N818 - it is a state of the network, said as one
    """Every address of a network is in use."""


def _next_free(store: Store, network: IPv4Network, first: int, used: set[IPv4Interface]) -> IPv4Interface:
    usable = network.num_addresses - 1 - first
    for _ in range(usable):
        offset = store.next(f"address {network}", 0) % usable
        candidate = IPv4Interface((network.network_address + first + offset, network.prefixlen))
        if candidate not in used:
            return candidate
    raise NoAddressLeft(f"all {usable} addresses of {network} are in use")


def public_address(store: Store) -> IPv4Interface:
    """A free public address, from ``.10`` of the public network upwards."""
    used = {droplet.public for droplet in store.all(Droplet)}
    return _next_free(store, PUBLIC_NETWORK, FIRST_PUBLIC, used)


def private_address(store: Store, vpc: Vpc) -> IPv4Interface:
    """A free address of a VPC; the first is its gateway's."""
    used = {droplet.private for droplet in store.all(Droplet)}
    return _next_free(store, IPv4Network(vpc.ip_range), FIRST_PRIVATE, used)


def vpc_range(store: Store) -> IPv4Network:
    """A /20 network that no VPC of the account overlaps."""
    taken = [IPv4Network(vpc.ip_range) for vpc in store.all(Vpc)]
    for network in VPC_RANGES.subnets(new_prefix=20):
        if network >= FIRST_VPC and not any(network.overlaps(other) for other in taken):
            return network
    raise NoAddressLeft(f"no /20 network of {VPC_RANGES} is left")
