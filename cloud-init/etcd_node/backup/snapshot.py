"""A snapshot of this member's etcd: taken, verified and compressed into a file."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from components.shared.compression import SnapshotError, compress
from components.shared.stored_backups import Snapshot
from etcd_node.etcd.client import RefusedError
from etcd_node.etcd.etcdctl import COMMAND_TIMEOUT, etcdctl, run_tool
from etcd_node.etcd.transport import NoAnswerError
from etcd_node.host.settings import Paths, Settings

RESERVED_BYTES = 256 << 20
"""Bytes of the disk that stay free."""

_BLOCK = 1 << 20


@dataclass(frozen=True)
class PackedSnapshot:
    """A compressed snapshot, ready to upload."""

    file: Path
    snapshot: Snapshot
    size: int
    """Bytes before compression."""


def take_snapshot(settings: Settings, paths: Paths, database: int) -> PackedSnapshot:
    """Take a snapshot through the local member. ``database`` is its size in bytes. Raises ``SnapshotError``."""
    folder = paths.staging
    raw, packed = folder / "snapshot.db", folder / "snapshot.db.gz"
    try:
        free, needed = shutil.disk_usage(folder).free, 2 * database + RESERVED_BYTES
        if free < needed:
            raise SnapshotError(
                f"{folder} has {free >> 20} MiB free: a snapshot and its compressed copy need up to "
                f"{needed >> 20} MiB"
            )
        taken = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        etcdctl(paths, settings.name, "snapshot", "save", raw, timeout=COMMAND_TIMEOUT)
        revision, keys = revision_and_keys(paths, raw)
        # etcdutl also counts a record without a key, which a restore leaves for ever; that of 3.5 older revisions too.
        count = ("get", "", "--prefix", "--keys-only", "--limit=1", f"--rev={revision}", "--write-out=json")
        with suppress(NoAnswerError, RefusedError):
            keys = int(json.loads(etcdctl(paths, settings.name, *count)).get("count", 0))
        sha256 = compress(raw, packed)
        size = raw.stat().st_size
        raw.unlink()
    except (NoAnswerError, RefusedError) as error:
        raise SnapshotError(f"etcdctl failed: {error}") from None
    except OSError as error:
        raise SnapshotError(f"{folder}: {error.strerror}") from None
    snapshot = Snapshot(taken, revision, keys, settings.version, settings.token, sha256)
    return PackedSnapshot(packed, snapshot, size)


def revision_and_keys(paths: Paths, raw: Path) -> tuple[int, int]:
    """Revision and number of keys of a complete snapshot, read by etcdutl. Raises ``SnapshotError``."""
    text = run_tool([paths.program("etcdutl"), "snapshot", "status", raw, "--write-out=json"])
    try:
        values = json.loads(text)
        return int(values["revision"]), int(values["totalKey"])
    except (ValueError, KeyError, TypeError):
        raise SnapshotError("etcdutl snapshot status printed no revision and no number of keys") from None


def decompress(packed: Path, raw: Path) -> None:
    """Decompress the result of ``compress``. Raises ``SnapshotError``."""
    try:
        with gzip.open(packed, "rb") as source, raw.open("wb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
    except (OSError, EOFError) as error:
        raise SnapshotError(f"cannot decompress {packed.name}: {error}") from None
