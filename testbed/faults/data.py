"""Faults of a member's data. Their end undoes nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from localcloud.machines.commands import run
from localcloud.machines.etcd_data import DATA, wipe
from testbed.cluster import Cluster
from testbed.faults.undo import inside

# A frame has its length in 56 bits, one byte for the padding, and the record, which ends with its data:
# https://github.com/etcd-io/etcd/blob/v3.6.16/server/storage/wal/encoder.go
FLIP = f"""
import pathlib
log = max(pathlib.Path("{DATA}/member/wal").glob("*.wal"))
content, frames, at = log.read_bytes(), [], 0
while header := int.from_bytes(content[at:at + 8], "little"):
    length, padding = header & (1 << 56) - 1, (header >> 56) & 7
    frames.append((at + 8, length))
    at += 8 + length + padding
begin, length = next(frame for frame in frames[len(frames) // 2:] + frames[::-1] if frame[1] >= 16)
with log.open("r+b") as file:
    file.seek(begin + length - 4)
    file.write(bytes(byte ^ 255 for byte in content[begin + length - 4:begin + length]))
"""
"""Flip the last bytes of a record in the middle of the newest segment of the write-ahead log."""


@contextmanager
def wiped(cluster: Cluster, member: str) -> Generator[None]:
    """Delete its data, and start its etcd without any."""
    wipe(cluster.cloud.machine(member))
    yield


@contextmanager
def log_corrupted(cluster: Cluster, member: str) -> Generator[None]:
    """Change a record in the middle of its write-ahead log, and restart its etcd unless that was stopped."""
    machine = cluster.cloud.machine(member)
    state = inside(machine, "systemctl is-active etcd || true; systemctl stop etcd", limit=60)
    try:
        run(machine.inside(["python3", "-c", FLIP]))
    finally:
        if state != "inactive\n":
            inside(machine, "systemctl start --no-block etcd")
    yield
