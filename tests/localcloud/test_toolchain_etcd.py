"""etcd's releases and their archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from localcloud.toolchain import etcd, golang
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.tarball import stored_gzip, write_tarball


@pytest.mark.parametrize("version", [*etcd.VERSIONS, etcd.EARLIER_VERSION])
def test_a_release_is_pinned_completely(version: str) -> None:
    module = (golang.MODULES / f"etcd-{version}" / "go.mod").read_text()
    for part in ("server", "etcdctl", "etcdutl"):
        assert f"go.etcd.io/etcd/{part}/v3 v{version}" in module
    assert len(bytes.fromhex(etcd.checksum(version))) == 32


def test_the_error_for_an_unknown_version_lists_the_known_ones() -> None:
    with pytest.raises(
        ToolchainError, match=r"etcd 3\.4\.0 cannot be built.*3\.5\.34, 3\.6\.14, 3\.6\.16, 3\.7\.3"
    ):
        etcd.ensure_release("3.4.0")


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that writes the package's name as the binary."""

    def build(module: str, package: str, output: Path, show: object) -> None:
        output.write_text(package)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(golang, "build", build)


@pytest.mark.usefixtures("compiler")
def test_an_archive_with_another_checksum_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(
        ToolchainError, match=r"etcd-v3\.6\.16-linux-amd64\.tar\.gz has SHA-256 .* but .* has .*committed"
    ):
        etcd.ensure_release("3.6.16")
    assert not list((tmp_path / "cache").rglob("*.tar.gz"))


@pytest.mark.usefixtures("compiler")
def test_the_mirror_has_upstreams_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = f"etcd-v{etcd.DEFAULT_VERSION}-linux-amd64"
    programs = {"etcd": "server", "etcdctl": "etcdctl", "etcdutl": "etcdutl"}
    for name, part in programs.items():
        (tmp_path / name).write_text(f"go.etcd.io/etcd/{part}/v3")
    write_tarball(tmp_path / "expected", top, {name: tmp_path / name for name in programs})
    sums = tmp_path / "SHA256SUMS"
    sha256 = hashlib.sha256((tmp_path / "expected").read_bytes()).hexdigest()
    sums.write_text(f"{sha256}  {top}.tar.gz\n")
    monkeypatch.setattr(etcd, "CHECKSUMS", sums)

    mirror = tmp_path / "mirror"
    etcd.ensure_mirror(mirror)
    etcd.ensure_mirror(mirror)

    assert (mirror / f"v{etcd.DEFAULT_VERSION}" / "SHA256SUMS").read_text() == f"{sha256}  {top}.tar.gz\n"
    with tarfile.open(mirror / f"v{etcd.DEFAULT_VERSION}" / f"{top}.tar.gz") as archive:
        assert archive.getnames() == [top, f"{top}/etcd", f"{top}/etcdctl", f"{top}/etcdutl"]
        assert all(member.mode == 0o755 and member.uid == member.gid == 0 for member in archive)


def test_an_archive_depends_only_on_its_content(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name * 40_000)
    files = {name: tmp_path / name for name in ("two", "one")}
    write_tarball(tmp_path / "first.tar.gz", "top", files)
    (tmp_path / "one").chmod(0o600)
    os.utime(tmp_path / "two", (1, 1))
    write_tarball(tmp_path / "second.tar.gz", "top", dict(sorted(files.items())))
    assert (tmp_path / "first.tar.gz").read_bytes() == (tmp_path / "second.tar.gz").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 200_000])
def test_stored_blocks_are_unpacked_to_the_same_bytes(size: int) -> None:
    data = os.urandom(size)
    assert gzip.GzipFile(fileobj=io.BytesIO(stored_gzip(data))).read() == data
