"""The packet filter allows what its rules say, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Literal

import pytest

from localcloud.machines.interface import Filter, Rule
from localcloud.machines.machine import addresses_of

from .lab import Lab, eventually, machine

FILTERED, PEER, BYSTANDER = 1001, 1002, 1003
PUBLIC = "203.0.113.11"
PRIVATE = "10.114.0.11"
OPERATOR, STRANGER = "198.51.100.10", "198.51.100.200"
REACHED, KEPT_OUT = 10, 1
"""Seconds to wait for an answer that must come, even on a busy machine, and for one that must not."""
ANYWHERE = (IPv4Network("0.0.0.0/0"),)

SERVER = """
import socket, threading
def tcp(port):
    server = socket.create_server(("", port))
    while True:
        connection, _ = server.accept()
        connection.sendall(b"hello")
        connection.close()
def udp(port):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", port))
    while True:
        _, sender = server.recvfrom(100)
        server.sendto(b"hello", sender)
for port in (2379, 2380):
    threading.Thread(target=tcp, args=(port,)).start()
threading.Thread(target=udp, args=(5000,)).start()
"""
CLIENT = """
import socket, sys
kind, source, address, port, limit = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as client:
    client.settimeout(float(limit))
    client.bind((source, 0))
    client.connect((address, int(port)))
    if kind == "udp":
        client.send(b"hello")
    sys.exit(client.recv(100) != b"hello")
"""


def inbound(protocol: Literal["tcp", "udp"], port: int, *networks: str) -> Rule:
    return Rule(protocol, (port, port), tuple(IPv4Network(network) for network in networks))


@pytest.fixture(scope="module")
def servers(lab: Lab) -> Lab:
    """Three machines that answer on TCP 2379 and 2380 and on UDP 5000, at all their addresses."""
    lab.boot(machine(1), machine(2), machine(3))
    for machine_id in (FILTERED, PEER, BYSTANDER):
        lab.sh(machine_id, f"systemd-run --unit=servers python3 -c '{SERVER}'")
    for machine_id in (FILTERED, PEER, BYSTANDER):
        eventually(lambda: ":5000" in lab.output(machine_id, "ss -lun"), "the servers")  # noqa: B023
    return lab


@pytest.fixture
def filtered(servers: Lab) -> Iterator[Lab]:
    """The first machine has a filter: 2379 for the operator, 2380 and UDP 5000 for its peer, everything outbound."""
    outbound = (Rule("tcp", None, ANYWHERE), Rule("udp", None, ANYWHERE), Rule("icmp", None, ANYWHERE))
    own = Filter(
        addresses_of(machine(1)),
        inbound=(
            inbound("tcp", 2379, f"{OPERATOR}/32", "203.0.113.0/24", "203.0.113.12/32"),
            inbound("tcp", 2380, "203.0.113.12/32", "10.114.0.12/32"),
            inbound("udp", 5000, "203.0.113.12/32"),
        ),
        outbound=outbound,
    )
    servers.do(servers.host.apply_filters([own]))
    yield servers
    servers.do(servers.host.apply_filters([]))


def operator_reaches(
    lab: Lab, kind: str, port: int, source: str = OPERATOR, address: str = PUBLIC, *, limit: int = REACHED
) -> bool:
    client = ("python3", "-c", CLIENT, kind, source, address, str(port), str(limit))
    return lab.outside(*client).returncode == 0


def machine_reaches(
    lab: Lab, machine_id: int, kind: str, address: str, port: int, *, limit: int = REACHED
) -> bool:
    client = f"python3 -c '{CLIENT}' {kind} '' {address} {port} {limit}"
    return lab.sh(machine_id, client).returncode == 0


def test_without_any_filter_everything_is_accepted(servers: Lab) -> None:
    assert operator_reaches(servers, "tcp", 2379, STRANGER)
    assert machine_reaches(servers, BYSTANDER, "tcp", PRIVATE, 2380)
    assert machine_reaches(servers, BYSTANDER, "udp", PUBLIC, 5000)


def test_an_allowed_network_can_connect(filtered: Lab) -> None:
    assert operator_reaches(filtered, "tcp", 2379)
    assert machine_reaches(filtered, BYSTANDER, "tcp", PUBLIC, 2379)


def test_another_source_cannot_connect(filtered: Lab) -> None:
    assert not operator_reaches(filtered, "tcp", 2379, STRANGER, limit=KEPT_OUT)
    assert not machine_reaches(filtered, BYSTANDER, "tcp", PRIVATE, 2379, limit=KEPT_OUT)


def test_another_port_is_closed(filtered: Lab) -> None:
    assert not operator_reaches(filtered, "tcp", 2380, limit=KEPT_OUT)
    assert not operator_reaches(filtered, "tcp", 22, limit=KEPT_OUT)


def test_only_the_peer_can_connect_at_both_addresses(filtered: Lab) -> None:
    assert machine_reaches(filtered, PEER, "tcp", PUBLIC, 2380)
    assert machine_reaches(filtered, PEER, "tcp", PRIVATE, 2380)
    assert not machine_reaches(filtered, BYSTANDER, "tcp", PUBLIC, 2380, limit=KEPT_OUT)
    assert not machine_reaches(filtered, BYSTANDER, "tcp", PRIVATE, 2380, limit=KEPT_OUT)


def test_udp_is_filtered_by_source(filtered: Lab) -> None:
    assert machine_reaches(filtered, PEER, "udp", PUBLIC, 5000)
    assert not machine_reaches(filtered, BYSTANDER, "udp", PUBLIC, 5000, limit=KEPT_OUT)


def test_a_filtered_machine_can_open_connections(filtered: Lab) -> None:
    assert machine_reaches(filtered, FILTERED, "tcp", "203.0.113.13", 2380)
    assert machine_reaches(filtered, FILTERED, "udp", "203.0.113.13", 5000)


def test_a_filtered_machine_can_resolve_names(filtered: Lab) -> None:
    filtered.do(filtered.host.apply_records({"peer.example.test": ["203.0.113.12"]}))
    eventually(
        lambda: "203.0.113.12" in filtered.output(FILTERED, "getent hosts peer.example.test"), "an answer"
    )


def test_only_replies_to_own_pings_are_accepted(filtered: Lab) -> None:
    assert filtered.sh(FILTERED, f"ping -c1 -W{REACHED} 203.0.113.13").returncode == 0
    assert filtered.sh(BYSTANDER, f"ping -c1 -W1 {PUBLIC}").returncode != 0


def test_loopback_is_never_filtered(filtered: Lab) -> None:
    assert machine_reaches(filtered, FILTERED, "tcp", "127.0.0.1", 2380)
    assert machine_reaches(filtered, FILTERED, "tcp", PUBLIC, 2380)


def test_machines_without_a_filter_accept_everything(filtered: Lab) -> None:
    assert machine_reaches(filtered, PEER, "tcp", "203.0.113.13", 2380)
    assert operator_reaches(filtered, "tcp", 2380, STRANGER, "203.0.113.13")


def test_without_outbound_rules_a_machine_cannot_connect(filtered: Lab) -> None:
    closed = Filter((machine(1).public,), inbound=(inbound("tcp", 2379, f"{OPERATOR}/32"),))
    filtered.do(filtered.host.apply_filters([closed]))
    assert operator_reaches(filtered, "tcp", 2379)
    assert not machine_reaches(filtered, FILTERED, "tcp", "203.0.113.13", 2380, limit=KEPT_OUT)
    assert not machine_reaches(filtered, FILTERED, "udp", "203.0.113.13", 5000, limit=KEPT_OUT)


def test_a_machine_cannot_send_from_a_foreign_address(filtered: Lab) -> None:
    filtered.sh(BYSTANDER, "ip address add 203.0.113.99/32 dev host0")
    script = f"python3 -c '{CLIENT}' tcp 203.0.113.99 203.0.113.12 2380 {KEPT_OUT}"
    assert filtered.sh(BYSTANDER, script).returncode != 0


def test_ipv6_cannot_bypass_the_firewall(filtered: Lab) -> None:
    for machine_id in (FILTERED, BYSTANDER):
        filtered.sh(machine_id, f"ip -6 address add fd00::{machine_id}/64 dev host0 nodad")
    assert filtered.sh(BYSTANDER, f"ping -c1 -W1 fd00::{FILTERED}").returncode != 0


def test_a_rule_without_networks_allows_nobody(filtered: Lab) -> None:
    nobody = Filter((machine(1).public,), inbound=(Rule("tcp", (2379, 2379), ()),))
    filtered.do(filtered.host.apply_filters([nobody]))
    assert not operator_reaches(filtered, "tcp", 2379, limit=KEPT_OUT)
