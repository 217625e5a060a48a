"""What the guard does with the data that it finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.etcd.client import ClusterClient, NoQuorumError
from etcd_node.guard import daemon
from etcd_node.guard.daemon import Guard
from etcd_node.guard.peer_health import PeerHealth
from etcd_node.guard.shutdown_policy import FIRST_MARKERS_DELAY
from etcd_node.host.settings import Paths, Settings

from components.shared.markers import Markers, markers_in

SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "name": "etcd-server-1",
        "metrics": "127.0.0.1:1",
        "initial_members": ("etcd-server-1",),
        "tag": "etcd-test",
    }  # type: ignore[arg-type]
)
LOG = "member/wal/0000000000000000-0000000000000000.wal"


class Client:
    """No member answers."""

    def peer_connection(self, _: object) -> None:
        return None


class Blocker:
    """Stands in for logind's inhibitor."""

    held = False

    def hold(self, _: str) -> bool:
        self.held = True
        return True

    def release(self) -> None:
        self.held = False


@pytest.fixture
def blocker() -> Blocker:
    return Blocker()


@pytest.fixture
def only_member(tmp_path: Path, blocker: Blocker, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """The guard of the only member, which has no volume, and whose etcd does not run."""

    def nobody(_: object) -> None:
        raise NoQuorumError

    monkeypatch.setattr(daemon, "TlsClient", lambda _: Client())
    monkeypatch.setattr(PeerHealth, "_local_members", lambda _: ())
    monkeypatch.setattr(ClusterClient, "list_members", nobody)
    monkeypatch.setattr(daemon, "read_markers", lambda *_: pytest.fail("too early"))
    return Guard(
        SETTINGS,
        Paths(tmp_path),
        "",
        inhibitor=blocker,
        power_off=pytest.fail,
        reconcile=pytest.fail,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("file", "content"),
    [
        pytest.param(LOG, b"\xff" * 64, id="a damaged log"),
        pytest.param(LOG, b"", id="a log that was cut off"),
        pytest.param("member/snap/db", b"key" + bytes(1 << 20), id="a database without a log"),
    ],
)
def test_the_only_copy_of_damaged_data_is_protected(
    only_member: Guard, blocker: Blocker, tmp_path: Path, file: str, content: bytes
) -> None:
    path = Paths(tmp_path).data / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    only_member._act()
    assert blocker.held


def test_a_log_that_cannot_be_read_is_protected(only_member: Guard, blocker: Blocker, tmp_path: Path) -> None:
    (Paths(tmp_path).data / LOG).mkdir(parents=True)
    only_member._act()
    assert blocker.held


def test_an_empty_disk_blocks_nothing(only_member: Guard, blocker: Blocker) -> None:
    only_member._act()
    assert not blocker.held


@pytest.mark.parametrize(
    "markers",
    [
        pytest.param(markers_in([], "etcd-test"), id="destroy"),
        pytest.param(markers_in(["etcd-test-up", "etcd-test-all-at-once"], "etcd-test"), id="all at once"),
    ],
)
def test_damaged_data_may_be_destroyed_on_purpose(
    only_member: Guard, blocker: Blocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, markers: Markers
) -> None:
    (Paths(tmp_path).data / LOG).mkdir(parents=True)
    monkeypatch.setattr(daemon, "read_markers", lambda *_: markers)
    monkeypatch.setattr(daemon, "sync_hosts", lambda *_: None)
    monkeypatch.setattr(daemon, "own_droplet", lambda *_: 1)
    monkeypatch.setattr(daemon, "shutdown_was_requested", lambda *_: False)
    now = daemon.time.monotonic()
    only_member._act()
    assert blocker.held
    monkeypatch.setattr(daemon.time, "monotonic", lambda: now + FIRST_MARKERS_DELAY + 1)
    only_member._act()
    daemon.select.select([only_member._woken], [], [], 5)
    only_member._act()
    assert not blocker.held
