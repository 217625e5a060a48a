"""Faults of the network.

Each has a table of its own in the namespace's packet filter. A machine's packets are those of its port of the bridge.
ARP passes, so what is cut off times out.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager

from components.shared.ports import CLIENT_PORT, EXPORTER_PORT
from localcloud.addresses import CLOUDFLARE_PORT, DIGITALOCEAN_PORT, OPERATOR
from localcloud.machines.network import HOOKS, Network, packets_of
from testbed.cluster import Cluster

IP = "meta protocol ip"


@contextmanager
def cut_off(cluster: Cluster, member: str) -> Generator[None]:
    """Drop all of its packets, in both directions."""
    with _dropped(cluster, "bridge", *packets_of(cluster.cloud.machine(member).port)):
        yield


@contextmanager
def cut_off_outbound(cluster: Cluster, member: str) -> Generator[None]:
    """Drop what it sends. It still receives."""
    sent, _ = packets_of(cluster.cloud.machine(member).port)
    with _dropped(cluster, "bridge", sent):
        yield


@contextmanager
def cut_off_inbound(cluster: Cluster, member: str) -> Generator[None]:
    """Drop what is sent to it. It still sends."""
    _, received = packets_of(cluster.cloud.machine(member).port)
    with _dropped(cluster, "bridge", received):
        yield


@contextmanager
def link_cut(cluster: Cluster, member: str, other: str) -> Generator[None]:
    """Drop the packets between two members, in both directions."""
    one, two = (cluster.cloud.machine(name).port for name in (member, other))
    with _dropped(
        cluster,
        "bridge",
        *(f'{IP} iifname "{sender}" oifname "{receiver}"' for sender, receiver in ((one, two), (two, one))),
    ):
        yield


@contextmanager
def unreached(cluster: Cluster, member: str) -> Generator[None]:
    """Drop what this machine sends to its ports for clients and operators. The other members reach it."""
    port = cluster.cloud.machine(member).port
    ports = f"{{ {CLIENT_PORT}, {EXPORTER_PORT} }}"
    with _dropped(cluster, "bridge", f'{IP} oifname "{port}" tcp dport {ports}', hooks=("output",)):
        yield


@contextmanager
def operator_cut_off(cluster: Cluster) -> Generator[None]:
    """Drop the packets between the operator's machine and all machines."""
    with _dropped(cluster, "bridge", f"ip saddr {OPERATOR}", f"ip daddr {OPERATOR}"):
        yield


@contextmanager
def operator_without_apis(cluster: Cluster) -> Generator[None]:
    """Drop what the operator's machine sends to the clouds' APIs. The members reach them."""
    ports = f"{{ {DIGITALOCEAN_PORT}, {CLOUDFLARE_PORT} }}"
    with _dropped(cluster, "inet", f'oifname "lo" tcp dport {ports}', hooks=("output",)):
        yield


@contextmanager
def _dropped(cluster: Cluster, family: str, *packets: str, hooks: tuple[str, ...] = HOOKS) -> Generator[None]:
    """Drop the packets that nftables' expressions match."""
    network = Network(cluster.cloud.layout)
    table = f"{family} fault_{uuid.uuid4().hex[:12]}"
    network.drop(table, *packets, hooks=hooks)
    try:
        yield
    finally:
        network.pass_again(table)
