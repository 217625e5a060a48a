"""Which backup a member fetches, and the name by which the other members find the same one."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from etcd_node.backup.settings import BackupSettings
from etcd_node.bootstrap import restore
from etcd_node.bootstrap.restore import Restoration, RestoreError
from etcd_node.etcd.wal import Contents, read_disk
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.recovery.recover import Plan

from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import BucketAccess, Listing, StoredObject
from components.shared.stored_backups import Snapshot

SNAPSHOT = Snapshot("20261125T174057Z", 17, 5, "3.6.14", "etcd-prod-0a1b", "ab" * 32)
OWN = "etcd-new/"
SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "name": "m1",
        "token": "etcd-new-2c3d",
        "version": "3.6.14",
        "initial_members": ("m1", "m2", "m3"),
        "recovered": False,
    }
)


class FakeBucket:
    """A bucket with one backup to restore. It lists only what is below the prefix, as S3 does."""

    key = ""
    others: tuple[str, ...] = ()
    sha256 = SNAPSHOT.sha256
    downloads = 0

    def __init__(self, access: BucketAccess) -> None:
        self._access = access

    def list(self, prefix: str) -> Listing:
        keys = (key for key in (self.key, *self.others) if key.startswith(prefix))
        return Listing(tuple(StoredObject(key, 10, 1.0) for key in keys), 2.0)

    def download(self, key: str, target: Path) -> str:
        target.write_bytes(key.encode())
        FakeBucket.downloads += 1
        return self.sha256


@pytest.fixture(autouse=True)
def _etcd_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "Bucket", FakeBucket)
    monkeypatch.setattr(FakeBucket, "downloads", 0)
    monkeypatch.setattr(restore, "install_once", lambda *_: None)
    monkeypatch.setattr(restore, "decompress", lambda packed, raw: raw.write_bytes(packed.read_bytes()))
    monkeypatch.setattr(restore, "revision_and_keys", lambda *_: (SNAPSHOT.revision, SNAPSHOT.keys))
    monkeypatch.setattr(restore, "refuse_full_volume", lambda *_: None)


def restoration(folder: Path, wanted: str, settings: Settings = SETTINGS) -> Restoration:
    access = BucketAccess("https://s3.test", "backups", "fra1", AccessKey("id", "secret"))
    return Restoration(
        replace(settings, restore=wanted or settings.restore),
        Paths(folder),
        BackupSettings(access, OWN, 3600.0, 0.0),
    )


@pytest.mark.parametrize(
    ("folder", "wanted", "announced"),
    [
        # Members of an earlier version know this name only.
        (OWN, SNAPSHOT.name, SNAPSHOT.name),
        (OWN, OWN + SNAPSHOT.name, SNAPSHOT.name),
        (OWN, "latest", SNAPSHOT.name),
        ("etcd-prod/", f"etcd-prod/{SNAPSHOT.name}", f"etcd-prod/{SNAPSHOT.name}"),
        ("old/etcd/", f"old/etcd/{SNAPSHOT.name}", f"old/etcd/{SNAPSHOT.name}"),
        (f"{OWN}before/", SNAPSHOT.name, f"{OWN}before/{SNAPSHOT.name}"),
        (f"{OWN}before/", "latest", f"{OWN}before/{SNAPSHOT.name}"),
    ],
)
def test_every_member_finds_the_backup_that_one_announces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, wanted: str, announced: str
) -> None:
    monkeypatch.setattr(FakeBucket, "key", folder + SNAPSHOT.name)
    deciding, other = (restoration(tmp_path / name, wanted) for name in ("m1", "m2"))
    deciding.prepare("")
    assert (deciding.ready, other.ready) == (announced, "")
    other.prepare(deciding.ready)
    assert other.ready == deciding.ready, other.problem


@pytest.fixture
def restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Restoration:
    """A member that may restore the backup, on a volume with what an interrupted restore has left."""
    monkeypatch.setattr(FakeBucket, "key", OWN + SNAPSHOT.name)

    def etcdutl(command: list[Any]) -> None:
        (option,) = [word for word in command if str(word).startswith("--data-dir=")]
        folder = Path(option.partition("=")[2])
        # etcdutl refuses a directory that exists.
        (folder / "member").mkdir(parents=True, exist_ok=False)
        (folder / "member/new").touch()

    monkeypatch.setattr(restore, "run_tool", etcdutl)
    one = restoration(tmp_path, SNAPSHOT.name)
    for name in ("data", "restoring"):
        (tmp_path / "var/lib/etcd" / name / "member/snap").mkdir(parents=True)
        (tmp_path / "var/lib/etcd" / name / "member/snap/db").write_bytes(b"meta")
    return one


def test_what_an_interrupted_restore_left_takes_no_room_from_the_next(
    tmp_path: Path, restored: Restoration, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "var/lib/etcd/restoring"

    def refuse_full_volume(*_: object) -> None:
        assert not left.exists()

    monkeypatch.setattr(restore, "refuse_full_volume", refuse_full_volume)
    restored.prepare("")
    assert restored.ready == SNAPSHOT.name


def test_a_restore_replaces_the_empty_database_of_a_blank_member(
    tmp_path: Path, restored: Restoration
) -> None:
    assert read_disk(tmp_path / "var/lib/etcd/data").contents is Contents.BLANK
    restored.prepare("")
    restored.restore(SNAPSHOT.name, {"m1": "https://m1:2380"})
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["new"]


def test_a_full_disk_is_a_reason_to_wait_with_a_restore(
    restored: Restoration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/var/cache/etcd-restore")

    monkeypatch.setattr(restore.Path, "mkdir", full)
    restored.prepare("")
    assert "etcd:restoreFrom" in restored.problem
    assert "No space left on device: '/var/cache/etcd-restore'" in restored.problem


def test_a_volume_without_room_lets_nothing_be_downloaded_again(
    restored: Restoration, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True

    def refuse_full_volume(_: Path, size: int) -> None:
        assert size > 0
        if full:
            raise RestoreError("no room")

    monkeypatch.setattr(restore, "refuse_full_volume", refuse_full_volume)
    for minute in range(10):
        restored.prepare("", lambda minute=minute: minute * 60.0)
        assert (restored.ready, "no room" in restored.problem) == ("", True)
    full = False
    restored.prepare("", lambda: 600.0)
    assert (restored.ready, FakeBucket.downloads) == (SNAPSHOT.name, 1)


def test_downloads_of_a_damaged_backup_become_rare(
    restored: Restoration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBucket, "sha256", "cd" * 32)
    begun: list[float] = []
    for second in range(0, 24 * 3600, 5):
        before = FakeBucket.downloads
        restored.prepare("", lambda second=second: float(second))
        begun += [second] * (FakeBucket.downloads - before)
    assert "does not match the SHA-256" in restored.problem
    assert all(later - earlier >= 300 for earlier, later in pairwise(begun[12:]))


def test_another_backup_than_the_fetched_one_is_downloaded(
    restored: Restoration, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored.prepare("")
    other = replace(SNAPSHOT, taken="20261125T184057Z").name
    monkeypatch.setattr(FakeBucket, "key", OWN + other)
    restored.prepare(other)
    assert (restored.ready, FakeBucket.downloads) == (other, 2)


def test_a_backup_in_another_folder_is_not_one_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBucket, "key", f"etcd-prod/{SNAPSHOT.name}")
    one = restoration(tmp_path, SNAPSHOT.name)
    one.prepare("")
    assert not one.ready
    assert f"there is no backup named {SNAPSHOT.name}" in one.problem


@pytest.mark.parametrize("cluster", ["etcd-new-2c3d", "etcd-new-2c3d-00000000000000aa"])
@pytest.mark.parametrize("folder", [OWN, "etcd-prod/"])
def test_a_cluster_that_lost_all_its_data_does_not_begin_anew_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, cluster: str
) -> None:
    own = OWN + replace(SNAPSHOT, cluster=cluster).name
    monkeypatch.setattr(FakeBucket, "key", folder + SNAPSHOT.name)
    monkeypatch.setattr(FakeBucket, "others", (own,))
    first = restoration(tmp_path, folder + SNAPSHOT.name)
    first.prepare("")
    assert not first.ready
    assert "choose one with recover from-backup NAME" in first.problem
    recovery = tmp_path / "recovery.json"
    for chosen in (folder + SNAPSHOT.name, own):
        plan = Plan(chosen, SETTINGS.initial_members, "monday")
        recovery.write_text(json.dumps({"token": plan.token(SETTINGS), "restore": chosen}))
        recovered = restoration(tmp_path, "", as_recovered(SETTINGS, recovery))
        recovered.prepare("")
        assert recovered.ready == chosen.removeprefix(OWN), recovered.problem


def test_backups_of_the_clusters_before_are_no_data_of_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = [replace(SNAPSHOT, cluster=cluster).name for cluster in ("etcd-new-0a1b", "etcd-new-2c3de")]
    monkeypatch.setattr(FakeBucket, "key", OWN + SNAPSHOT.name)
    monkeypatch.setattr(FakeBucket, "others", tuple(OWN + name for name in earlier))
    one = restoration(tmp_path, SNAPSHOT.name)
    one.prepare("")
    assert one.ready == SNAPSHOT.name, one.problem
