"""Faults of a member's etcd."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import MachineFailedError
from testbed.cluster import Cluster
from testbed.faults.undo import inside, undo_inside

UNIT = "etcd.service"


@contextmanager
def stopped(cluster: Cluster, member: str) -> Generator[None]:
    """Stop its etcd."""
    machine = cluster.cloud.machine(member)
    inside(machine, "systemctl stop etcd", limit=60)
    try:
        yield
    finally:
        undo_inside(machine, "systemctl start --no-block etcd")


@contextmanager
def killed(cluster: Cluster, member: str) -> Generator[None]:
    """Kill its etcd. systemd starts it again."""
    _running(cluster, member).signal(signal.SIGKILL)
    yield


@contextmanager
def suspended(cluster: Cluster, member: str) -> Generator[None]:
    """Suspend its etcd: connections stay open, and its machine answers."""
    etcd = _running(cluster, member)
    etcd.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        etcd.signal(signal.SIGCONT)


def _running(cluster: Cluster, member: str) -> Cgroup:
    """The control group of a member's etcd. Signals from outside arrive even while the machine hangs."""
    etcd = cluster.cloud.machine(member).unit(UNIT)
    if not etcd.populated():
        raise MachineFailedError(f"machine {member} runs no etcd")
    return etcd
