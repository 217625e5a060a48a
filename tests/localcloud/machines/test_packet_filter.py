"""A firewall lets in and out what its rules allow, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Literal

import pytest

from localcloud.machines.interface import Filter, Rule
from localcloud.machines.machine import addresses_of

from .lab import Lab, eventually, machine

GUARDED, PEER, BYSTANDER = 1001, 1002, 1003
PUBLIC = "203.0.113.11"
PRIVATE = "10.114.0.11"
OPERATOR, STRANGER = "198.51.100.10", "198.51.100.200"
REACHED, KEPT_OUT = 10, 1
"""Seconds for an answer that must come, on a machine that is busy too, and for one that must not."""
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
    """Machines that answer on TCP 2379 and 2380 and on UDP 5000, at all their addresses."""
    lab.boot(machine(1), machine(2), machine(3))
    for machine_id in (GUARDED, PEER, BYSTANDER):
        lab.sh(machine_id, f"systemd-run --unit=servers python3 -c '{SERVER}'")
    for machine_id in (GUARDED, PEER, BYSTANDER):
        eventually(lambda: ":5000" in lab.output(machine_id, "ss -lun"), "the servers")  # noqa: B023
    return lab


@pytest.fixture
def guarded(servers: Lab) -> Iterator[Lab]:
    """The first machine guarded: 2379 for the operator, 2380 and UDP 5000 for its peer; everything outbound."""
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


def test_without_a_filter_everything_is_accepted(servers: Lab) -> None:
    assert operator_reaches(servers, "tcp", 2379, STRANGER)
    assert machine_reaches(servers, BYSTANDER, "tcp", PRIVATE, 2380)
    assert machine_reaches(servers, BYSTANDER, "udp", PUBLIC, 5000)


def test_an_allowed_network_gets_in(guarded: Lab) -> None:
    assert operator_reaches(guarded, "tcp", 2379)
    assert machine_reaches(guarded, BYSTANDER, "tcp", PUBLIC, 2379)


def test_another_source_does_not(guarded: Lab) -> None:
    assert not operator_reaches(guarded, "tcp", 2379, STRANGER, limit=KEPT_OUT)
    assert not machine_reaches(guarded, BYSTANDER, "tcp", PRIVATE, 2379, limit=KEPT_OUT)


def test_another_port_is_closed(guarded: Lab) -> None:
    assert not operator_reaches(guarded, "tcp", 2380, limit=KEPT_OUT)
    assert not operator_reaches(guarded, "tcp", 22, limit=KEPT_OUT)


def test_peers_are_told_apart_at_both_addresses(guarded: Lab) -> None:
    assert machine_reaches(guarded, PEER, "tcp", PUBLIC, 2380)
    assert machine_reaches(guarded, PEER, "tcp", PRIVATE, 2380)
    assert not machine_reaches(guarded, BYSTANDER, "tcp", PUBLIC, 2380, limit=KEPT_OUT)
    assert not machine_reaches(guarded, BYSTANDER, "tcp", PRIVATE, 2380, limit=KEPT_OUT)


def test_udp_is_filtered_by_its_source_too(guarded: Lab) -> None:
    assert machine_reaches(guarded, PEER, "udp", PUBLIC, 5000)
    assert not machine_reaches(guarded, BYSTANDER, "udp", PUBLIC, 5000, limit=KEPT_OUT)


def test_a_guarded_machine_can_open_connections_itself(guarded: Lab) -> None:
    assert machine_reaches(guarded, GUARDED, "tcp", "203.0.113.13", 2380)
    assert machine_reaches(guarded, GUARDED, "udp", "203.0.113.13", 5000)


def test_a_guarded_machine_can_resolve_names(guarded: Lab) -> None:
    guarded.do(guarded.host.apply_records({"peer.example.test": ["203.0.113.12"]}))
    eventually(
        lambda: "203.0.113.12" in guarded.output(GUARDED, "getent hosts peer.example.test"), "an answer"
    )


def test_pings_go_out_and_their_answers_come_in_but_no_others(guarded: Lab) -> None:
    assert guarded.sh(GUARDED, f"ping -c1 -W{REACHED} 203.0.113.13").returncode == 0
    assert guarded.sh(BYSTANDER, f"ping -c1 -W1 {PUBLIC}").returncode != 0


def test_loopback_is_never_filtered(guarded: Lab) -> None:
    assert machine_reaches(guarded, GUARDED, "tcp", "127.0.0.1", 2380)
    assert machine_reaches(guarded, GUARDED, "tcp", PUBLIC, 2380)


def test_machines_without_a_filter_are_not_touched(guarded: Lab) -> None:
    assert machine_reaches(guarded, PEER, "tcp", "203.0.113.13", 2380)
    assert operator_reaches(guarded, "tcp", 2380, STRANGER, "203.0.113.13")


def test_without_outbound_rules_a_machine_opens_nothing(guarded: Lab) -> None:
    closed = Filter((machine(1).public,), inbound=(inbound("tcp", 2379, f"{OPERATOR}/32"),))
    guarded.do(guarded.host.apply_filters([closed]))
    assert operator_reaches(guarded, "tcp", 2379)
    assert not machine_reaches(guarded, GUARDED, "tcp", "203.0.113.13", 2380, limit=KEPT_OUT)
    assert not machine_reaches(guarded, GUARDED, "udp", "203.0.113.13", 5000, limit=KEPT_OUT)


def test_a_machine_cannot_send_from_an_address_that_is_not_its_own(guarded: Lab) -> None:
    guarded.sh(BYSTANDER, "ip address add 203.0.113.99/32 dev host0")
    script = f"python3 -c '{CLIENT}' tcp 203.0.113.99 203.0.113.12 2380 {KEPT_OUT}"
    assert guarded.sh(BYSTANDER, script).returncode != 0


def test_machines_have_no_ipv6_around_their_firewall(guarded: Lab) -> None:
    for machine_id in (GUARDED, BYSTANDER):
        guarded.sh(machine_id, f"ip -6 address add fd00::{machine_id}/64 dev host0 nodad")
    assert guarded.sh(BYSTANDER, f"ping -c1 -W1 fd00::{GUARDED}").returncode != 0


def test_a_filter_without_networks_allows_nobody(guarded: Lab) -> None:
    nobody = Filter((machine(1).public,), inbound=(Rule("tcp", (2379, 2379), ()),))
    guarded.do(guarded.host.apply_filters([nobody]))
    assert not operator_reaches(guarded, "tcp", 2379, limit=KEPT_OUT)
