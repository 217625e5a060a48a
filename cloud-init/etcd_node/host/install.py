"""etcd's release: fetched, its checksum verified, and only then unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from threading import Thread

from etcd_node.host.backoff import backoff
from etcd_node.host.journal import Waiting, say
from etcd_node.host.settings import Paths, Settings

PROGRAMS = ("etcd", "etcdctl", "etcdutl")

STALL = 20.0
"""Seconds without a byte after which a download is given up."""

_CHUNK = 1 << 18


class InstallError(Exception):
    """This try failed. The text fits on one line."""


def install(settings: Settings, places: Paths, programs: Sequence[str], waiting: Waiting) -> None:
    """Have some of ``PROGRAMS`` in ``/usr/local/bin``. Tries until it succeeds."""
    attempt = 0
    while True:
        try:
            install_once(settings, places, programs)
        except InstallError as error:
            waiting.on(f"{' and '.join(programs)} {settings.version}: not installed: {error}")
            time.sleep(backoff(attempt, longest=60.0))
            attempt += 1
        else:
            return


class Installation(Thread):
    """Installs etcd while something else goes on."""

    def __init__(self, settings: Settings, places: Paths) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._places = places

    def run(self) -> None:
        """Install etcd alone: its tools can wait until it runs."""
        install(self._settings, self._places, ["etcd"], Waiting())


def install_once(settings: Settings, places: Paths, programs: Sequence[str]) -> None:
    """Do what is missing, or was not finished. Raises ``InstallError``.

    The release stays until all of ``PROGRAMS`` are safely on disk: etcd starts before they are, and while the
    release is still there, a loss of power may have left any file half written.
    """
    home = places.root / "opt/etcd" / f"{settings.version}-{settings.release_sha256[:12]}"
    tarball = places.root / "var/cache/etcd-release" / f"{settings.release_sha256}.tar.gz"
    try:
        if tarball.exists() or not all((home / program).exists() for program in programs):
            if not tarball.exists() or _digest(tarball) != settings.release_sha256:
                fetch(settings.release_url, settings.release_sha256, tarball)
            unpack(tarball, home, programs)
            say(f"{' and '.join(programs)} {settings.version} installed in {home}")
        link(home, places.root / "usr/local/bin", programs)
        if all((home / program).exists() for program in PROGRAMS):
            os.sync()
            tarball.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(f"cannot write it: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link(home: Path, folder: Path, programs: Sequence[str]) -> None:
    """Make a release's programs the ones that are found by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        name = folder / program
        if not (name.is_symlink() and name.readlink() == home / program):
            temporary = folder / f".{program}.new"
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(home / program)
            temporary.replace(name)


def fetch(url: str, sha256: str, target: Path) -> None:
    """Download a file and give it its name only when its SHA-256 is right. Raises ``InstallError``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".part")
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=STALL) as response, temporary.open("wb") as file:  # noqa: S310
            while chunk := response.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            length = response.headers.get("Content-Length")
            received = file.tell()
    except urllib.error.HTTPError as error:
        with error:
            raise InstallError(f"{url} answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else None
        raise InstallError(f"{url} cannot be reached: {reason or error.reason}") from None
    except HTTPException as error:
        raise InstallError(f"{url} broke off: {error!r}") from None
    if length is not None and received < int(length):
        raise InstallError(f"{url} broke off after {received} of {length} bytes")
    if digest.hexdigest() != sha256:
        temporary.unlink()
        raise InstallError(
            f"{url} has the wrong checksum, so it was thrown away: SHA-256 is {digest.hexdigest()}, expected {sha256}"
        )
    temporary.replace(target)


def unpack(tarball: Path, home: Path, programs: Sequence[str]) -> None:
    """Take programs out of a verified release. Raises ``InstallError`` when one is not in it."""
    home.mkdir(parents=True, exist_ok=True)
    wanted = set(programs)
    with tarfile.open(tarball, "r:gz") as archive:
        for entry in archive:
            name = Path(entry.name).name
            if entry.isfile() and name in wanted and (content := archive.extractfile(entry)) is not None:
                temporary = home / f".{name}.new"
                with content, temporary.open("wb") as program:
                    shutil.copyfileobj(content, program, _CHUNK)
                temporary.chmod(0o755)
                temporary.replace(home / name)
                wanted.discard(name)
            if not wanted:
                return
    raise InstallError(f"{tarball.name} has no {' and no '.join(sorted(wanted))} in it")
