"""etcd's releases, built from its published Go modules: the same archives as upstream's, with other bytes.

The builds are reproducible, so the checksum of an archive is known before it is built, and can stand in a
stack's configuration: ``gomodules/SHA256SUMS``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.progress import Work
from localcloud.toolchain.tarball import write_tarball

DEFAULT_VERSION = "3.6.14"
"""The version that clusters run unless they are told otherwise."""

VERSIONS = ("3.5.33", "3.6.14", "3.7.1")
"""The versions that can be built: one of each line that is supported."""

CHECKSUMS = golang.MODULES / "SHA256SUMS"
"""The SHA-256 of every archive that can be built, as ``sha256sum`` prints it."""

_PROGRAMS = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "etcdctl": "go.etcd.io/etcd/etcdctl/v3",
    "etcdutl": "go.etcd.io/etcd/etcdutl/v3",
}


@dataclass(frozen=True)
class Release:
    """One built release of etcd."""

    version: str
    """For example ``3.6.14``."""
    tarball: Path
    """The archive, laid out and named as upstream's ``etcd-v3.6.14-linux-amd64.tar.gz``."""
    sha256: str
    """The archive's checksum, in hexadecimal."""
    binaries: Path
    """A folder with ``etcd``, ``etcdctl`` and ``etcdutl``."""


def ensure_release(version: str = DEFAULT_VERSION) -> Release:
    """Return a release, building it where it is missing.

    Raises ``ToolchainError`` for a version that is not one of ``VERSIONS``, and for a build whose archive
    has not the checksum that it must have.
    """
    expected = checksum(version)
    work = Work(
        f"Building etcd {version}",
        "it is made from the published Go modules, for the local cloud's mirror of etcd's releases",
        "1 to 3 minutes on 2 cores",
    )

    def build(folder: Path, show: cache.Show) -> None:
        _build(version, expected, folder, show)

    key = golang.recipe(_module(version), expected, Path(__file__).with_name("tarball.py").read_text())
    entry = cache.ensure(f"etcd-{version}", key, work, build)
    return Release(version, entry / archive_name(version), expected, entry / "bin")


def ensure_mirror(directory: Path, versions: Sequence[str] = (DEFAULT_VERSION,)) -> None:
    """Fill ``directory`` as a mirror of releases: ``v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz`` and its checksum."""
    for version in versions:
        release = ensure_release(version)
        folder = directory / f"v{version}"
        folder.mkdir(parents=True, exist_ok=True)
        for source in (release.tarball, release.tarball.with_name("SHA256SUMS")):
            link = folder / source.name
            link.unlink(missing_ok=True)
            link.symlink_to(source)


def checksum(version: str) -> str:
    """Return the SHA-256 of a release's archive, as committed."""
    for line in CHECKSUMS.read_text().splitlines():
        sha256, name = line.split()
        if name == archive_name(version):
            return sha256
    raise ToolchainError(f"etcd {version} cannot be built here: choose one of {', '.join(VERSIONS)}")


def archive_name(version: str) -> str:
    """Return the name of a release's archive, as upstream's."""
    return f"etcd-v{version}-linux-amd64.tar.gz"


def _module(version: str) -> str:
    return f"etcd-{version}"


def _build(version: str, expected: str, folder: Path, show: cache.Show) -> None:
    binaries = folder / "bin"
    binaries.mkdir()
    for name, package in _PROGRAMS.items():
        golang.build(_module(version), package, binaries / name, show)
    tarball = folder / archive_name(version)
    write_tarball(
        tarball, tarball.name.removesuffix(".tar.gz"), {name: binaries / name for name in _PROGRAMS}
    )
    sha256 = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if sha256 != expected:
        raise ToolchainError(
            f"{tarball.name} has SHA-256 {sha256}, and {CHECKSUMS} says {expected}: "
            "the build is not the committed one; where it was changed on purpose, put the new checksum there"
        )
    (folder / "SHA256SUMS").write_text(f"{sha256}  {tarball.name}\n")
