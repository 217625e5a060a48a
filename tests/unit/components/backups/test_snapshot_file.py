"""What a snapshot of any etcd tells, and which files are refused.

The snapshots were taken by etcd itself: 62 writes, a deletion, two leases, a raised alarm, and authentication on.
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.backups import snapshot_file
from components.backups.snapshot_file import SnapshotFileError, read_snapshot
from components.shared.compression import SnapshotError, compress

SNAPSHOTS = Path(__file__).with_name("snapshots")
DIGEST = 32


def unpacked(folder: Path, minor: str = "3.6") -> Path:
    file = folder / f"{minor}.db"
    file.write_bytes(gzip.decompress((SNAPSHOTS / f"etcd-{minor}.db.gz").read_bytes()))
    return file


@pytest.mark.parametrize("minor", ["3.5", "3.6", "3.7"])
def test_a_snapshot_tells_its_content(tmp_path: Path, minor: str) -> None:
    read = read_snapshot(unpacked(tmp_path, minor))
    # etcdutl snapshot status says the same.
    assert (read.revision, read.keys, read.size) == (65, 61, 57344)
    assert read.version == f"{minor}.0"
    assert read.leases == 2
    assert read.authentication
    assert read.alarms == ("NOSPACE",)
    assert read.members == ("628170c800dbcee",)


def test_the_record_that_a_restore_leaves_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stored(number: int) -> bytes:
        return number.to_bytes(8, "big") + b"_" + bytes(8)

    kept, deleted = b"\x0a\x04kept", b"\x0a\x04gone"
    buckets = {
        "meta": [(b"consistent_index", b"")],
        "key": [
            (stored(2), kept),
            (stored(3), deleted),
            (stored(1 << 30), b""),
            (stored(2 << 30) + b"t", deleted),
        ],
    }
    monkeypatch.setattr(
        snapshot_file, "open_bolt", lambda *_: SimpleNamespace(items=lambda name: buckets.get(name, []))
    )
    file = tmp_path / "restored.db"
    file.write_bytes(bytes(4096 + DIGEST))
    read = read_snapshot(file)
    assert (read.revision, read.keys) == (2 << 30, 1)


def test_snapshots_of_the_same_members_have_the_same_origin(tmp_path: Path) -> None:
    one, other = (read_snapshot(unpacked(tmp_path, minor)) for minor in ("3.5", "3.6"))
    assert one.origin == other.origin
    assert one.origin.startswith("adopted-")
    assert replace(one, members=("1", "2")).origin != one.origin


def refused(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SnapshotFileError, match=reason):
        read_snapshot(file)


def test_the_database_of_a_data_directory_is_refused(tmp_path: Path) -> None:
    file = unpacked(tmp_path)
    refused(file, file.read_bytes()[:-DIGEST], "does not end with etcd's SHA-256: .*etcdctl snapshot save")


def test_a_compressed_snapshot_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "x", gzip.compress(unpacked(tmp_path).read_bytes()), "is compressed: run gunzip first")


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"not a database" * 1000, bytes(8192 + DIGEST)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path / "x", content, "is no whole snapshot of etcd 3: it ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotFileError, match=r"nothing\.db cannot be read: No such file"):
        read_snapshot(tmp_path / "nothing.db")


@pytest.mark.parametrize("end", range(4096, 57344, 4096))
def test_a_snapshot_that_was_cut_off_is_refused(tmp_path: Path, end: int) -> None:
    content = unpacked(tmp_path).read_bytes()
    # With any 32 bytes at its end it has the size of a whole one.
    refused(tmp_path / "x", content[:end], "etcdctl snapshot save")
    file = tmp_path / "y"
    file.write_bytes(content[:end] + bytes(DIGEST))
    try:
        read_snapshot(file)
    except SnapshotFileError:
        return
    # The missing pages are free ones. Then the SHA-256 tells.
    with pytest.raises(SnapshotError, match="its checksum does not match"):
        compress(file, tmp_path / "z")
