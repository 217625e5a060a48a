"""A snapshot of this member's etcd as a file that is verified, compressed and described."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from etcd_node.backup.catalog import Snapshot
from etcd_node.host.settings import CLIENT_PORT, Paths, Settings

COMMAND_LIMIT = 3600.0
"""Seconds for one run of etcdctl or etcdutl."""

SPARE = 256 << 20
"""Bytes that stay free on the disk."""

_BLOCK = 1 << 20
_LEVEL = 3
"""gzip's: half the time of its default, for a tenth more bytes."""


class SnapshotError(Exception):
    """No snapshot this time. The text fits on one line."""


@dataclass(frozen=True)
class Package:
    """A snapshot, ready to upload."""

    file: Path
    snapshot: Snapshot
    size: int
    """Bytes before compression."""


def take(settings: Settings, places: Paths, database: int) -> Package:
    """Take a snapshot through the local member. ``database`` is its size in bytes. Raises ``SnapshotError``."""
    folder = places.staging
    raw, packed = folder / "snapshot.db", folder / "snapshot.db.gz"
    try:
        free = shutil.disk_usage(folder).free
        if free < 2 * database + SPARE:
            raise SnapshotError(
                f"{folder} has {free >> 20} MiB free: a snapshot and its compressed copy need up to "
                f"{(2 * database + SPARE) >> 20}"
            )
        taken = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        run_tool(
            [
                *(places.program("etcdctl"), f"--endpoints=https://{settings.name}:{CLIENT_PORT}"),
                *(f"--cacert={places.etc / 'ca.pem'}", f"--cert={places.etc / 'server.pem'}"),
                *(f"--key={places.etc / 'server-key.pem'}", "snapshot", "save", raw),
            ]
        )
        revision, keys = describe(places, raw)
        sha256 = compress(raw, packed)
        size = raw.stat().st_size
        raw.unlink()
    except OSError as error:
        raise SnapshotError(f"{folder}: {error.strerror}") from None
    return Package(packed, Snapshot(taken, revision, keys, settings.version, settings.token, sha256), size)


def describe(places: Paths, raw: Path) -> tuple[int, int]:
    """Revision and number of keys, as etcdutl finds them in a whole snapshot. Raises ``SnapshotError``."""
    text = run_tool([places.program("etcdutl"), "snapshot", "status", raw, "--write-out=json"])
    try:
        values = json.loads(text)
        return int(values["revision"]), int(values["totalKey"])
    except (ValueError, KeyError, TypeError):
        raise SnapshotError("etcdutl snapshot status says nothing about the snapshot") from None


def compress(raw: Path, packed: Path) -> str:
    """Compress a snapshot and check the SHA-256 that etcd put at its end; that of the result.

    Raises ``SnapshotError``.
    """
    left = raw.stat().st_size - hashlib.sha256().digest_size
    inner = hashlib.sha256()
    with raw.open("rb") as source, packed.open("wb") as target:
        # Without a name and a time, equal snapshots give equal files.
        with gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as archive:
            while left > 0 and (block := source.read(min(left, _BLOCK))):
                inner.update(block)
                archive.write(block)
                left -= len(block)
            end = source.read()
            archive.write(end)
        target.flush()
        os.fsync(target.fileno())
    if left != 0 or end != inner.digest():
        raise SnapshotError("the snapshot is not whole: its own checksum is another")
    with packed.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expand(packed: Path, raw: Path) -> None:
    """Undo ``compress``. Raises ``SnapshotError``."""
    try:
        with gzip.open(packed, "rb") as source, raw.open("wb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
    except (OSError, EOFError) as error:
        raise SnapshotError(f"cannot unpack {packed.name}: {error}") from None


def run_tool(command: Sequence[str | Path]) -> str:
    """Run one of etcd's tools; its standard output. Raises ``SnapshotError``."""
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except subprocess.TimeoutExpired:
        raise SnapshotError(f"{program} has not ended in {COMMAND_LIMIT:.0f} s") from None
    if done.returncode != 0:
        # etcd's tools log in JSON, and end with a line of text.
        lines = done.stderr.strip().splitlines() or ["it says nothing"]
        raise SnapshotError(f"{program} failed: {lines[-1]}")
    return done.stdout
