"""Faults of a member's data volume."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from components.shared.ports import CLIENT_PORT
from localcloud.machines.commands import run
from localcloud.machines.errors import MachineFailedError
from localcloud.machines.volumes import LIMITS, Volumes, limit_writes
from testbed.cluster import Cluster
from testbed.faults.undo import inside, undo, undo_inside

MOUNT = "/var/lib/etcd"
FILL = "data/fill"
MARGIN = 8 << 20
"""Bytes that are written, and not only allocated: ext4 needs some for what it allocates."""


@contextmanager
def full(cluster: Cluster, member: str) -> Generator[None]:
    """Fill it to the last byte, with root's reserve and the program's."""
    machine, volume = cluster.cloud.machine(member), _volume(cluster, member)
    fill = (
        f"cd {MOUNT}; rm -f reserve; "
        # It allocates what there is, and says that there was less.
        f"fallocate -l $(($(stat -fc '%f * %S' data) - {MARGIN})) {FILL} || true; "
        f"while dd if=/dev/zero bs=64k count=64 >>{FILL}.rest 2>/dev/null; do :; done"
    )
    try:
        inside(machine, fill, limit=90)
        # A database has free pages, and small writes would not need new ones for a minute or more.
        others = ",".join(f"https://{name}:{CLIENT_PORT}" for name in cluster.names if name != member)
        put = f"head -c 1000000 /dev/zero | tr '\\0' x | ETCDCTL_ENDPOINTS={others} etcdctl put /filled >/dev/null"
        cluster.run("sh", "-c", put)
        yield
    finally:
        # The files outlive the machine.
        undo(lambda: _on_volume(cluster, volume, f"rm -f {FILL} {FILL}.rest"))


@contextmanager
def read_only(cluster: Cluster, member: str) -> Generator[None]:
    """Let its file system find an error, and so turn read-only. At the end it is mounted anew.

    Linux does the same when a volume fails: https://docs.kernel.org/admin-guide/ext4.html (errors=remount-ro).
    """
    machine, device = cluster.cloud.machine(member), _device(cluster, _volume(cluster, member))
    trigger = Path("/sys/fs/ext4") / device.name / "trigger_fs_error"
    if not trigger.exists():
        raise MachineFailedError(f"machine {member} has not mounted its data volume")
    trigger.write_text("data volume")
    try:
        yield
    finally:
        undo_inside(
            machine,
            f"grep -Eq ' {MOUNT} ext4 (ro,|[^ ]*emergency_ro)' /proc/mounts || exit 0; "
            # Somebody else may have stopped etcd.
            "state=$(systemctl is-active etcd) || true; systemctl stop etcd var-lib-etcd.mount; "
            '[ "$state" = inactive ] || systemctl start --no-block etcd',
            # Longer than etcd may take to stop. A second try would find the volume unmounted, and leave etcd stopped.
            limit=60,
        )


@contextmanager
def slow_disk(cluster: Cluster, member: str, writes_per_second: int = 10) -> Generator[None]:
    """Limit the writes to it, those of the kernel's journal as well. A commit of etcd takes one to three."""
    device = _device(cluster, _volume(cluster, member))
    if not LIMITS.exists():
        raise MachineFailedError(f"no disk can be slowed down here: {LIMITS} does not exist")
    limit_writes(device, writes_per_second)
    try:
        yield
    finally:
        limit_writes(device, 0)


def _volume(cluster: Cluster, member: str) -> str:
    """The name of a member's data volume."""
    volumes = cluster.cloud.machine(member).facts().volumes
    if not volumes:
        raise MachineFailedError(f"machine {member} has no data volume")
    return volumes[0]


def _device(cluster: Cluster, volume: str) -> Path:
    return Path(Volumes(cluster.cloud.layout.volumes).connect(volume))


def _on_volume(cluster: Cluster, volume: str, script: str) -> None:
    """Run a script on this host in the file system of a volume, unless that is deleted."""
    if not (cluster.cloud.layout.volumes / f"{volume}.img").exists():
        return
    device = _device(cluster, volume)
    mounted = f'mount "$0" /mnt && cd /mnt && {script}'
    run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", mounted, device])
