"""Faults of a member, each for the length of a block."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress

from components.shared.ports import CLIENT_PORT, EXPORTER_PORT
from localcloud.machines.cgroups import Cgroup
from testbed.cluster import Cluster

Fault = Callable[[Cluster, str], AbstractContextManager[None]]

RESERVE = "/var/lib/etcd/reserve"
FILL = "/var/lib/etcd/data/fill"
MARGIN = 8 << 20
"""Bytes that are written, and not only allocated: ext4 needs some for what it allocates."""

PARTITION = "bridge partition"


@contextmanager
def stopped(cluster: Cluster, member: str) -> Generator[None]:
    """Stop its etcd."""
    cluster.on(member, "systemctl stop etcd")
    try:
        yield
    finally:
        cluster.on(member, "systemctl start --no-block etcd")


@contextmanager
def paused(cluster: Cluster, member: str) -> Generator[None]:
    """Pause its machine: connections stay open, and nothing answers."""
    machine = cluster.cloud.machine(member)
    freezer = (Cgroup(cluster.cloud.layout.cgroup) / "machines" / str(machine.id)).path / "cgroup.freeze"
    freezer.write_text("1")
    try:
        yield
    finally:
        # Of a machine that was replaced meanwhile nothing is left.
        with suppress(FileNotFoundError):
            freezer.write_text("0")


@contextmanager
def full(cluster: Cluster, member: str) -> Generator[None]:
    """Fill its data volume to the last byte, with root's reserve and the program's."""
    cluster.on(member, f"rm -f {RESERVE}; "
                    f"fallocate -l $(($(stat -fc '%f * %S' /var/lib/etcd/data) - {MARGIN})) {FILL}; "
                    f"while dd if=/dev/zero bs=64k count=64 >>{FILL}.rest 2>/dev/null; do :; done; true")  # fmt: skip
    try:
        # A database has free pages, and small writes would not need new ones for a minute or more.
        others = ",".join(f"https://{name}:{CLIENT_PORT}" for name in cluster.droplets() if name != member)
        put = f"head -c 1000000 /dev/zero | tr '\\0' x | ETCDCTL_ENDPOINTS={others} etcdctl put /filled >/dev/null"
        written = cluster.run("sh", "-c", put)
        assert written.returncode == 0, written.stdout
        yield
    finally:
        cluster.on(member, f"rm -f {FILL} {FILL}.rest")


@contextmanager
def cut_off(cluster: Cluster, member: str) -> Generator[None]:
    """Drop all of its packets, in both directions."""
    addresses = [address.partition("/")[0] for address in cluster.cloud.machine(member).facts().addresses]
    rules = [
        f"add rule {PARTITION} {hook} ip {end} {address} drop"
        for hook in ("forward", "input", "output")
        for end in ("saddr", "daddr")
        for address in addresses
    ]
    chains = [
        f"add chain {PARTITION} {hook} {{ type filter hook {hook} priority -300; }}"
        for hook in ("forward", "input", "output")
    ]
    nft(cluster, f"add table {PARTITION}", *chains, *rules)
    try:
        yield
    finally:
        nft(cluster, f"delete table {PARTITION}")


@contextmanager
def unreached(cluster: Cluster, member: str) -> Generator[None]:
    """Drop what this machine sends to its ports for clients and operators. The other members reach it."""
    (address, *_) = (one.partition("/")[0] for one in cluster.cloud.machine(member).facts().addresses)
    nft(
        cluster,
        f"add table {PARTITION}",
        f"add chain {PARTITION} output {{ type filter hook output priority -300; }}",
        f"add rule {PARTITION} output ip daddr {address} tcp dport {{ {CLIENT_PORT}, {EXPORTER_PORT} }} drop",
    )
    try:
        yield
    finally:
        nft(cluster, f"delete table {PARTITION}")


def nft(cluster: Cluster, *lines: str) -> None:
    """Run commands of nftables in the namespace of the local cloud."""
    result = cluster.run("sh", "-c", "printf '%s\\n' \"$@\" | nft --file -", "sh", *lines)
    assert result.returncode == 0, result.stdout
