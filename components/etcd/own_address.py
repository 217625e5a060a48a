"""The address from which this machine connects to members, as far as the machine knows it itself."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

from ..shared.ports import CLIENT_PORT

INTERNAL = [
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
    )
]
"""Networks whose addresses the internet does not route (RFC 1918, 6598, 1122 and 3927)."""


def local_address(target: str) -> str:
    """The local address of a connection to ``target``; empty when no route leads there. Sends nothing.

    A router may translate it on the way, so a member may see another one.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((target, CLIENT_PORT))
            return str(unsent.getsockname()[0])
        except OSError:
            return ""


def is_public(address: str) -> bool:
    """Whether the internet routes this address, so that no router translates it."""
    return not any(ip_address(address) in network for network in INTERNAL)
