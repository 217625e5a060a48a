"""Builds etcd's releases from its published Go modules. The archives have upstream's layout, but other bytes.

The builds are reproducible. So ``gomodules/SHA256SUMS`` has the checksums of archives before they are built, and a
stack's configuration can contain them.
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

DEFAULT_VERSION = "3.6.16"
"""The version that clusters of the local cloud run by default."""

VERSIONS = ("3.5.34", "3.6.16", "3.7.3")
"""The newest version of each supported minor version that can be built."""

EARLIER_VERSION = "3.6.14"
"""An earlier release of the default minor version, which tests go back to. Stacks have it by default elsewhere."""

CHECKSUMS = golang.MODULES / "SHA256SUMS"
"""The SHA-256 of every archive that can be built, in the format of ``sha256sum``."""

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
    """The archive, with the layout and name of upstream's ``etcd-v3.6.14-linux-amd64.tar.gz``."""
    sha256: str
    """The archive's checksum in hexadecimal digits."""
    binaries: Path
    """A folder with ``etcd``, ``etcdctl`` and ``etcdutl``."""


def ensure_release(version: str = DEFAULT_VERSION) -> Release:
    """Return a release, and build it if it is missing.

    Raises ``ToolchainError`` if the version has no committed checksum, or if the archive has another checksum than the
    committed one.
    """
    expected = checksum(version)

    def build(folder: Path, show: cache.Show) -> None:
        _build(version, expected, folder, show)

    entry = cache.ensure(_module(version), _key(version), _work(version), build)
    return Release(version, entry / archive_name(version), expected, entry / "bin")


def missing_release(version: str) -> list[Work]:
    """Return the work that ``ensure_release`` would do now."""
    return cache.missing(_module(version), _key(version), _work(version))


def ensure_mirror(directory: Path, versions: Sequence[str] = (DEFAULT_VERSION,)) -> None:
    """Fill ``directory`` with releases: ``v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz`` and its checksum."""
    for version in versions:
        release = ensure_release(version)
        folder = directory / f"v{version}"
        folder.mkdir(parents=True, exist_ok=True)
        for source in (release.tarball, release.tarball.with_name("SHA256SUMS")):
            link = folder / source.name
            link.unlink(missing_ok=True)
            link.symlink_to(source)


def checksum(version: str) -> str:
    """Return the committed SHA-256 of a release's archive."""
    for line in CHECKSUMS.read_text().splitlines():
        sha256, name = line.split()
        if name == archive_name(version):
            return sha256
    known = ", ".join(sorted((*VERSIONS, EARLIER_VERSION)))
    raise ToolchainError(f"etcd {version} cannot be built here: choose one of {known}")


def archive_name(version: str) -> str:
    """Return upstream's name of a release's archive."""
    return f"etcd-v{version}-linux-amd64.tar.gz"


def _key(version: str) -> str:
    packing = Path(__file__).with_name("tarball.py").read_text()
    return golang.recipe(_module(version), checksum(version), packing)


def _work(version: str) -> Work:
    return Work(
        f"Building etcd {version}",
        "droplets download it from the local mirror; it is built from its published Go modules",
        "1 to 3 minutes on 2 cores",
        "700 MB",
    )


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
            f"{tarball.name} has SHA-256 {sha256}, but {CHECKSUMS} has {expected}: the build differs from the "
            "committed one; if that is intended, write the new checksum to this file"
        )
    (folder / "SHA256SUMS").write_text(f"{sha256}  {tarball.name}\n")
