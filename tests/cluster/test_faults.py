"""Each fault of the testbed has its effect, and ends."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, nullcontext

import pytest

from components.shared.ports import CLIENT_PORT, PEER_PORT
from localcloud.addresses import CLOUDFLARE_URL, DIGITALOCEAN_URL, OBJECT_STORE_URL
from localcloud.machines.errors import LocalCloudError
from localcloud.tokens import DISCOVERY_TOKEN
from testbed.cluster import Cluster, wait_for
from testbed.faults.clocks import clock_moved
from testbed.faults.clouds import (
    down,
    dropping,
    failing,
    partial_listing,
    rate_limited,
    slow,
    stale_listing,
)
from testbed.faults.data import log_corrupted, wiped
from testbed.faults.disks import full, read_only, slow_disk
from testbed.faults.kinds import MemberFault
from testbed.faults.machines import deleted, paused, power_cycled, powered_off, rebooted
from testbed.faults.network import (
    cut_off,
    cut_off_inbound,
    cut_off_outbound,
    link_cut,
    operator_cut_off,
    operator_without_apis,
    unreached,
)
from testbed.faults.processes import killed, stopped, suspended
from testbed.faults.services import (
    name_server_failing,
    name_server_paused,
    object_store_paused,
    object_store_stopped,
)

MEMBER = "etcd-server-3.example.test"
OTHER = "etcd-server-2.example.test"
THIRD = "etcd-server-1.example.test"
CURL = ("curl", "--silent", "--max-time", "2", "--output", "/dev/null", "--write-out", "%{http_code}")
DROPLETS = f"{DIGITALOCEAN_URL}/v2/droplets"


@pytest.mark.parametrize(
    "fault",
    [stopped, suspended, paused, powered_off, cut_off, unreached, read_only, full],
    ids=lambda each: each.__name__,
)
def test_a_member_serves_nobody_during_a_fault(cluster: Cluster, fault: MemberFault) -> None:
    with fault(cluster, MEMBER):
        wait_for(lambda: healthy(cluster, MEMBER), lambda seen: not seen, "effect")
        wait_for(lambda: healthy(cluster, OTHER), bool, "another member that serves")
    wait_healthy(cluster)


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        (killed, "systemctl show -P MainPID etcd"),
        (rebooted, "systemctl show -P UserspaceTimestamp"),
        (power_cycled, "systemctl show -P UserspaceTimestamp"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_etcd_or_the_machine_of_a_member_starts_anew(
    cluster: Cluster, fault: MemberFault, changed: str
) -> None:
    before = looked(cluster, MEMBER, changed)
    with fault(cluster, MEMBER):
        wait_for(lambda: looked(cluster, MEMBER, changed), lambda seen: seen not in {"", before}, "effect")
    wait_healthy(cluster)


def test_etcd_refuses_a_log_that_was_changed(cluster: Cluster) -> None:
    with log_corrupted(cluster, MEMBER):
        wait_for(lambda: cluster.journal(MEMBER, "etcd"), lambda log: "crc mismatch" in log, "refusal")
    before = cluster.ids()[MEMBER]
    with wiped(cluster, MEMBER):
        pass
    wait_voting(cluster)
    assert cluster.ids()[MEMBER] != before


def test_one_direction_of_a_member_is_cut_off(cluster: Cluster) -> None:
    with cut_off_outbound(cluster, MEMBER):
        assert not connects(cluster, OTHER, MEMBER)
        assert half_open(cluster, MEMBER, OTHER), "it receives"
        assert not half_open(cluster, OTHER, MEMBER)
    with cut_off_inbound(cluster, MEMBER):
        assert not connects(cluster, MEMBER, OTHER)
        assert half_open(cluster, OTHER, MEMBER), "it sends"
    wait_for(lambda: connects(cluster, MEMBER, OTHER), bool, "connection")
    cluster.wait_healthy()


def test_one_link_is_cut(cluster: Cluster) -> None:
    with link_cut(cluster, MEMBER, OTHER), link_cut(cluster, OTHER, THIRD):
        ways = [(MEMBER, OTHER), (OTHER, MEMBER), (OTHER, THIRD), (MEMBER, THIRD), (THIRD, MEMBER)]
        assert not any(connects(cluster, *way) for way in ways[:3])
        wait_for(lambda: all(connects(cluster, *way) for way in ways[3:]), bool, "connections")
    wait_for(lambda: connects(cluster, MEMBER, OTHER), bool, "connection")
    cluster.wait_healthy()


def test_the_operators_machine_is_cut_off(cluster: Cluster) -> None:
    with operator_cut_off(cluster):
        assert not healthy(cluster, OTHER)
        assert status(cluster, DROPLETS) == 401
        wait_for(lambda: connects(cluster, MEMBER, OTHER), bool, "connection")
    with operator_without_apis(cluster):
        assert status(cluster, DROPLETS) == status(cluster, CLOUDFLARE_URL) == 0
        assert status_at(cluster, MEMBER, DROPLETS) == 401
        wait_for(lambda: healthy(cluster, OTHER), bool, "member that serves")
    assert status(cluster, DROPLETS) == 401


def test_an_api_fails_in_each_way_and_for_one_token(cluster: Cluster) -> None:
    members = f"authorization: Bearer {DISCOVERY_TOKEN}"
    for fault, expected in [
        (failing(cluster, "digitalocean", 500), (500, 500)),
        (failing(cluster, "digitalocean", token="discovery"), (401, 503)),
        (rate_limited(cluster, "digitalocean"), (429, 429)),
        (slow(cluster, "digitalocean", 3), (0, 0)),
        (dropping(cluster, "digitalocean", token="discovery"), (401, 0)),
        (down(cluster, "digitalocean"), (0, 0)),
        (failing(cluster, "cloudflare"), (401, 200)),
        (nullcontext(), (401, 200)),
    ]:
        with fault:
            assert (status(cluster, DROPLETS), status(cluster, DROPLETS, "-H", members)) == expected
    with down(cluster, "cloudflare"), failing(cluster, "digitalocean"):
        assert (status(cluster, CLOUDFLARE_URL), status(cluster, DROPLETS)) == (0, 503)


def test_the_members_see_a_partial_listing(cluster: Cluster) -> None:
    with partial_listing(cluster, [MEMBER], token="discovery"), stale_listing(cluster, token="discovery"):
        listed = cluster.digitalocean("GET", "/v2/droplets", token=DISCOVERY_TOKEN)["droplets"]
        assert {droplet["name"] for droplet in listed} == {OTHER, THIRD}
        assert set(cluster.droplets()) == {MEMBER, OTHER, THIRD}


def test_the_name_server_times_out_or_fails(cluster: Cluster) -> None:
    for fault, expected in [
        (name_server_paused(cluster), "no answer"),
        (name_server_failing(cluster), "Temporary failure in name resolution"),
        (nullcontext(), "203.0.113."),
    ]:
        with fault:
            assert expected in resolved(cluster, MEMBER)


def test_the_object_store_hangs_or_refuses(cluster: Cluster) -> None:
    for fault in (object_store_paused(cluster), object_store_stopped(cluster)):
        with fault:
            assert status(cluster, OBJECT_STORE_URL, "--insecure") == 0
    assert status(cluster, OBJECT_STORE_URL, "--insecure") == 403


def test_writes_to_a_slow_disk_take_their_time(cluster: Cluster) -> None:
    write = "dd if=/dev/zero of=/var/lib/etcd/probe bs=4k count=4 oflag=dsync 2>&1; rm /var/lib/etcd/probe"
    with slow_disk(cluster, MEMBER, writes_per_second=5):
        assert float(cluster.on(MEMBER, write).split(" copied, ")[1].split()[0]) > 0.7
    wait_for(
        lambda: float(cluster.on(MEMBER, write).split(" copied, ")[1].split()[0]),
        lambda seconds: seconds < 0.7,
        "quick writes",
    )
    cluster.wait_healthy()


def test_the_clock_of_etcd_moves_and_comes_back(cluster: Cluster) -> None:
    with clock_moved(cluster, MEMBER, seconds=50 * 365 * 86400):
        expired = "certificate has expired or is not yet valid: current time 207"
        wait_for(
            lambda: healthy(cluster, MEMBER) or cluster.journal(MEMBER, "etcd"),
            lambda seen: seen is not True and expired in seen,
            "expired certificate",
        )
    cluster.wait_healthy()


def test_faults_of_one_member_end_in_any_order(cluster: Cluster) -> None:
    # The first ones that begin are the first ones that end, while the machine is paused.
    with ExitStack() as last, ExitStack() as first:
        for fault in (stopped, cut_off_inbound, slow_disk):
            first.enter_context(fault(cluster, MEMBER))
        for fault in (paused, cut_off):
            last.enter_context(fault(cluster, MEMBER))
        with pytest.raises(LocalCloudError, match="is paused"):
            last.enter_context(stopped(cluster, MEMBER))
    cluster.wait_healthy()


def test_nothing_is_left_to_undo_when_the_machine_is_gone(cluster: Cluster) -> None:
    faults: list[MemberFault] = [stopped, cut_off, slow_disk, full, read_only, paused, powered_off, deleted]
    machine = cluster.cloud.machine(MEMBER)
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault(cluster, MEMBER))
        wait_for(lambda: machine.exists, lambda exists: not exists, "deleted machine")
        with pytest.raises(LocalCloudError, match="does not exist"):
            stack.enter_context(stopped(cluster, MEMBER))
    cluster.up("--refresh")
    cluster.wait_healthy()


def healthy(cluster: Cluster, member: str) -> bool:
    """Whether a member serves the operator."""
    endpoint = f"ETCDCTL_ENDPOINTS=https://{member}:{CLIENT_PORT}"
    return (
        cluster.run("env", endpoint, "etcdctl", "endpoint", "health", "--command-timeout=2s").returncode == 0
    )


def wait_healthy(cluster: Cluster) -> None:
    """Wait until all members are healthy. systemd would wait for 15 seconds before it starts a failed etcd."""
    wait_for(lambda: looked(cluster, MEMBER, "systemctl start etcd && echo started"), bool, "start of etcd")
    cluster.wait_healthy()


def wait_voting(cluster: Cluster) -> None:
    """Wait until all members vote and are healthy."""
    wait_for(
        # A member that does not vote says that it is not healthy.
        lambda: cluster.run("etcdctl", "endpoint", "health", "--cluster").stdout,
        lambda output: output.count("is healthy") == len(cluster.names),
        "three members that vote",
    )


def looked(cluster: Cluster, member: str, script: str) -> str:
    """The output of a script on a member; empty while the machine is off, or shuts down."""
    try:
        result = cluster.cloud.exec(member, ["sh", "-c", script], capture_output=True, text=True, timeout=5)
    except (LocalCloudError, subprocess.TimeoutExpired):
        return ""
    return result.stdout


def connects(cluster: Cluster, sender: str, receiver: str) -> bool:
    """Whether a member opens a connection to another one within a second."""
    probe = f"timeout 1 bash -c '</dev/tcp/{private(cluster, receiver)}/{PEER_PORT}' && echo open || true"
    return "open" in cluster.on(sender, probe)


def half_open(cluster: Cluster, receiver: str, sender: str) -> bool:
    """Whether a member has received a request for a connection, and no answer to its own answer."""
    return cluster.on(receiver, f"ss -Htn state syn-recv dst {private(cluster, sender)}") != ""


def private(cluster: Cluster, member: str) -> str:
    """A member's private address."""
    return cluster.cloud.machine(member).facts().addresses[1].partition("/")[0]


def status(cluster: Cluster, url: str, *options: str) -> int:
    """The status of an answer to the operator; 0 without one within two seconds."""
    return int(cluster.run(*CURL, *options, url).stdout)


def status_at(cluster: Cluster, member: str, url: str) -> int:
    """The status of an answer to a member; 0 without one within two seconds."""
    return int(cluster.on(member, f"{' '.join(CURL)} {url} || true"))


def resolved(cluster: Cluster, name: str) -> str:
    """The operator's address of a name, or what went wrong."""
    lookup = f"import socket; print(socket.gethostbyname({name!r}))"
    return cluster.run("sh", "-c", 'timeout 2 python3 -c "$0" || echo no answer', lookup).stdout
