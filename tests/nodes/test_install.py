"""The installation of etcd from a mirror that fails in many ways."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from etcd_node.host import install as installing
from etcd_node.host.install import PROGRAMS, InstallError, install, install_once
from etcd_node.host.journal import WaitLog
from etcd_node.host.settings import Paths, Settings

from .http_server import HttpServer


def release(programs: tuple[str, ...] = PROGRAMS) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name in ("README.md", *programs):
            content = f"this is {name}".encode()
            entry = tarfile.TarInfo(f"etcd-v3.6.14-linux-amd64/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


class Mirror:
    """Serves one file. A test can make it fail."""

    def __init__(self) -> None:
        self.content = release()
        self.status = 200
        self.cut_off = False
        self.requests = 0
        server = HttpServer(self._answer)
        self.url = f"{server.url}/etcd.tar.gz"
        self.stop = server.stop

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        request.send_response(self.status)
        request.send_header("Content-Length", str(len(self.content)))
        request.end_headers()
        request.wfile.write(self.content[: len(self.content) // 2 if self.cut_off else None])


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    yield mirror
    mirror.stop()


def settings(mirror: Mirror, sha256: str = "") -> Settings:
    return Settings(
        name="etcd-server-1",
        token="t",
        initial_members=("etcd-server-1",),
        tag="t",
        addresses="public",
        api_url="",
        version="3.6.14",
        release_url=mirror.url,
        release_sha256=sha256 or hashlib.sha256(release()).hexdigest(),
        volume="",
        heartbeat_ms=100,
        election_ms=1000,
        quota_bytes=1,
        compaction_mode="periodic",
        compaction_retention="8h",
    )


def installed(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (root / "usr/local/bin").glob("*")}


def test_etcd_and_then_its_tools_are_installed_from_one_download(tmp_path: Path, mirror: Mirror) -> None:
    install_once(settings(mirror), Paths(tmp_path), ["etcd"])
    assert installed(tmp_path) == {"etcd": "this is etcd"}
    install_once(settings(mirror), Paths(tmp_path), ["etcdctl", "etcdutl"])
    assert installed(tmp_path) == {name: f"this is {name}" for name in PROGRAMS}
    assert mirror.requests == 1
    assert all((tmp_path / "usr/local/bin" / name).stat().st_mode & 0o777 == 0o755 for name in PROGRAMS)
    assert not list((tmp_path / "var/cache/etcd-release").iterdir())


def test_an_installed_release_is_not_downloaded_again(tmp_path: Path, mirror: Mirror) -> None:
    install_once(settings(mirror), Paths(tmp_path), PROGRAMS)
    mirror.status = 500
    install_once(settings(mirror), Paths(tmp_path), PROGRAMS)
    assert mirror.requests == 1


def test_a_wrong_checksum_is_reported_and_nothing_is_unpacked(tmp_path: Path, mirror: Mirror) -> None:
    expected = "1" * 64
    with pytest.raises(InstallError) as caught:
        install_once(settings(mirror, expected), Paths(tmp_path), ["etcd"])
    assert expected in str(caught.value)
    assert hashlib.sha256(mirror.content).hexdigest() in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "opt").exists()
    assert not list((tmp_path / "var/cache/etcd-release").iterdir())


def test_an_interrupted_download_is_an_error(tmp_path: Path, mirror: Mirror) -> None:
    mirror.cut_off = True
    with pytest.raises(InstallError, match="ended after"):
        install_once(settings(mirror), Paths(tmp_path), ["etcd"])


def test_an_error_status_is_reported(tmp_path: Path, mirror: Mirror) -> None:
    mirror.status = 404
    with pytest.raises(InstallError, match="answers 404"):
        install_once(settings(mirror), Paths(tmp_path), ["etcd"])


def test_an_unreachable_mirror_is_reported(tmp_path: Path, mirror: Mirror) -> None:
    mirror.stop()
    with pytest.raises(InstallError, match=f"{mirror.url} cannot be reached: Connection refused"):
        install_once(settings(mirror), Paths(tmp_path), ["etcd"])


def test_a_release_without_etcd_is_an_error(tmp_path: Path, mirror: Mirror) -> None:
    mirror.content = release(("etcdctl",))
    sha256 = hashlib.sha256(mirror.content).hexdigest()
    with pytest.raises(InstallError, match="no etcd"):
        install_once(settings(mirror, sha256), Paths(tmp_path), ["etcd"])


def test_files_that_a_loss_of_power_left_incomplete_are_replaced(tmp_path: Path, mirror: Mirror) -> None:
    install_once(settings(mirror), Paths(tmp_path), ["etcd"])
    (tarball,) = (tmp_path / "var/cache/etcd-release").iterdir()
    tarball.write_bytes(b"")
    (tmp_path / "usr/local/bin/etcd").write_text("")
    install_once(settings(mirror), Paths(tmp_path), ["etcd"])
    assert installed(tmp_path) == {"etcd": "this is etcd"}


def test_the_installation_is_retried_and_each_error_is_logged_once(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            mirror.status = 200

    mirror.status = 503
    monkeypatch.setattr(installing.time, "sleep", pause)
    install(settings(mirror), Paths(tmp_path), ["etcd"], WaitLog(write=logged.append))
    assert installed(tmp_path) == {"etcd": "this is etcd"}
    assert len(logged) == 1
    assert pauses[3] > pauses[0]
