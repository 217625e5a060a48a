"""How a snapshot of another origin becomes a backup."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from components.backups.adopt import AdoptionError, UncheckedError, notes, upload
from components.backups.snapshot_file import SnapshotFile, read_snapshot
from components.backups.stack_file import settings_in
from components.shared.compression import SnapshotError
from components.shared.s3 import Bucket, Listing, S3Error, StoredObject
from components.shared.stored_backups import backups_in, choose_backup
from tests.unit.components.backups.test_restore_check import settings
from tests.unit.components.backups.test_snapshot_file import unpacked

PREFIX = "etcd-etcd-new/"
PLAIN = SnapshotFile(4096, 17, 5, "3.6.0", ("a", "b"), 0, authentication=False, alarms=())


class FakeBucket(Bucket):
    """A bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, Mapping[str, str]] = {}
        self.uploads = 0

    def list(self, prefix: str) -> Listing:
        stored = [StoredObject(key, len(body), 1.0) for key, body in self.objects.items()]
        return Listing(tuple(one for one in stored if one.key.startswith(prefix)), 2.0)

    def upload(self, key: str, source: Path, sha256: str, metadata: Mapping[str, str]) -> None:
        self.uploads += 1
        self.objects[key], self.metadata[key] = source.read_bytes(), metadata

    def size(self, key: str) -> int:
        return len(self.objects[key])

    def delete(self, key: str) -> None:
        del self.objects[key]


def test_an_adopted_snapshot_is_a_backup_that_members_find(tmp_path: Path) -> None:
    file, bucket = unpacked(tmp_path, "3.5"), FakeBucket()
    os.utime(file, (1795628457, 1795628457))
    content = read_snapshot(file)
    key, sent = upload(file, content, bucket, PREFIX, content.version)
    assert sent
    found = choose_backup(backups_in(bucket.list(PREFIX).objects), key)
    assert found.key == key
    assert found.snapshot.taken == "20261125T174057Z"
    assert (found.snapshot.revision, found.snapshot.keys, found.snapshot.version) == (65, 61, "3.5.0")
    assert found.snapshot.cluster == content.origin
    assert gzip.decompress(bucket.objects[key]) == file.read_bytes()
    assert bucket.metadata[key]["sha256"] == found.snapshot.sha256
    assert bucket.metadata[key]["member"] == "adopted"
    assert upload(file, content, bucket, PREFIX, content.version) == (key, False)
    assert bucket.uploads == 1


def refused(_: str) -> int:
    raise S3Error("HEAD answers 403")


@pytest.mark.parametrize(
    ("size", "text", "left"),
    [
        (refused, r"was uploaded, and its size is not known: HEAD answers 403$", 1),
        (lambda _: 1, r"has 1 bytes in the bucket instead of \d+: run this again$", 0),
        (lambda _: -1, r"has -1 bytes in the bucket instead of \d+: run this again$", 1),
    ],
)
def test_a_snapshot_that_was_sent_is_not_called_unsent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: Callable[[str], int], text: str, left: int
) -> None:
    file, bucket = unpacked(tmp_path, "3.5"), FakeBucket()
    monkeypatch.setattr(bucket, "size", size)
    content = read_snapshot(file)
    with pytest.raises(UncheckedError, match=text):
        upload(file, content, bucket, PREFIX, content.version)
    # One that was cut off does not count as a backup.
    assert len(bucket.objects) == left


def test_a_damaged_snapshot_is_not_uploaded(tmp_path: Path) -> None:
    file, bucket = unpacked(tmp_path), FakeBucket()
    content = read_snapshot(file)
    damaged = bytearray(file.read_bytes())
    damaged[-40] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(SnapshotError, match="its checksum does not match"):
        upload(file, content, bucket, PREFIX, content.version)
    assert not bucket.objects


def test_the_version_in_a_snapshot_is_not_overridden(tmp_path: Path) -> None:
    file, bucket = unpacked(tmp_path, "3.5"), FakeBucket()
    with pytest.raises(
        AdoptionError, match=r"--etcd-version is 3\.4\.37: etcd 3\.5\.0 took .*Leave the option out"
    ):
        upload(file, read_snapshot(file), bucket, PREFIX, "3.4.37")
    assert not bucket.objects


@pytest.mark.parametrize(
    ("version", "reason"), [("", "add --etcd-version"), ("3.4", "--etcd-version is 3.4: write")]
)
def test_the_version_of_an_old_etcd_must_be_given(tmp_path: Path, version: str, reason: str) -> None:
    file = unpacked(tmp_path)
    with pytest.raises(AdoptionError, match=reason):
        upload(file, read_snapshot(file), FakeBucket(), PREFIX, version)


def told(content: SnapshotFile, version: str = "3.6.0") -> str:
    return "\n".join(notes(content, version, settings(quotaGiB=1)))


def test_the_notes_name_what_stays_in_the_restored_cluster() -> None:
    assert told(PLAIN) == (
        "Its members are replaced by those of the new cluster. Their names, addresses and certificates do not matter."
    )
    assert "Set etcd:auth to true for the restore" in told(replace(PLAIN, authentication=True))
    assert "The alarm CORRUPT and NOSPACE is raised" in told(replace(PLAIN, alarms=("CORRUPT", "NOSPACE")))
    assert "It has 7 leases." in told(replace(PLAIN, leases=7))
    assert "It has no keys." in told(replace(PLAIN, keys=0))
    assert "It is larger than etcd:quotaGiB (1)" in told(replace(PLAIN, size=(1 << 30) + 1))
    assert "(etcd:version) cannot read data of etcd 3.99.0" in told(PLAIN, "3.99.0")


def test_settings_are_read_from_what_pulumi_prints() -> None:
    printed = {
        "etcd:domain": {"value": "etcd.example.com", "secret": False},
        "etcd:clientCidrs": {
            "value": '["198.51.100.0/24"]',
            "objectValue": ["198.51.100.0/24"],
            "secret": False,
        },
        "etcd:backupSecretKey": {"value": "shown", "secret": True},
        "etcd:image": {"value": "", "secret": False},
        "digitalocean:token": {"value": "another's", "secret": True},
    }
    assert settings_in(printed, "etcd") == {
        "domain": "etcd.example.com",
        "clientCidrs": ["198.51.100.0/24"],
        "backupSecretKey": "shown",
    }
