"""The start of a member with its data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from etcd_node.bootstrap import prepare_cluster
from etcd_node.bootstrap.prepare_cluster import PrepareCluster
from etcd_node.digitalocean.api import Droplet
from etcd_node.etcd.wal import Contents, Disk
from etcd_node.host.settings import Paths, Settings

SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "name": "etcd-server-1",
        "version": "3.6.14",
        "initial_members": ("etcd-server-1", "etcd-server-2"),
        "flags": (),
    }  # type: ignore[arg-type]
)


@pytest.fixture
def member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrepareCluster:
    monkeypatch.setattr(
        prepare_cluster, "list_droplets", lambda *_: [Droplet(1, "etcd-server-1", "192.0.2.1")]
    )
    monkeypatch.setattr(prepare_cluster, "TlsClient", lambda _: None)
    return PrepareCluster(SETTINGS, Paths(tmp_path), "token")


def test_a_member_with_data_starts_on_a_full_root_disk(
    member: PrepareCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    member._start_with(Disk(Contents.DATA))
    environment = Paths(tmp_path).environment.read_text()
    # A new address is to be written.
    Paths(tmp_path).hosts.write_text("127.0.0.1 localhost\n")
    member._address_book._due = 0

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    member._start_with(Disk(Contents.DATA))
    assert Paths(tmp_path).environment.read_text() == environment
    assert Paths(tmp_path).hosts.read_text() == "127.0.0.1 localhost\n"
    logged = capsys.readouterr().err
    assert "the members' addresses are not updated: [Errno 28] No space left on device" in logged
    assert logged.endswith("the disk has data: starting etcd with it\n")


def test_other_settings_of_a_member_with_data_are_written(member: PrepareCluster, tmp_path: Path) -> None:
    Paths(tmp_path).etc.mkdir(parents=True)
    Paths(tmp_path).environment.write_text("ETCD_NAME=old\nETCD_INITIAL_CLUSTER=a=https://a:2380\n")
    member._start_with(Disk(Contents.DATA))
    lines = Paths(tmp_path).environment.read_text().splitlines()
    assert {"ETCD_NAME=etcd-server-1", "ETCD_INITIAL_CLUSTER=a=https://a:2380"} <= set(lines)
