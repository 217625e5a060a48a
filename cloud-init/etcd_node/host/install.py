"""Installs etcd: downloads a release, verifies its checksum, and unpacks it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from threading import Thread

from components.shared.api_errors import USER_AGENT
from etcd_node.host.backoff import backoff
from etcd_node.host.journal import WaitLog, say
from etcd_node.host.settings import Paths, Settings

PROGRAMS = ("etcd", "etcdctl", "etcdutl")

DOWNLOAD_TIMEOUT = 20.0
"""Seconds without a byte after which a download fails."""

_CHUNK = 1 << 18


class InstallError(Exception):
    """The installation failed. The text fits on one line."""


def install(settings: Settings, paths: Paths, programs: Sequence[str], wait_log: WaitLog) -> None:
    """Install some of ``PROGRAMS`` into ``/usr/local/bin``. Tries until it succeeds."""
    attempt = 0
    while True:
        try:
            install_once(settings, paths, programs)
        except InstallError as error:
            wait_log.report(f"cannot install {' and '.join(programs)} {settings.version}: {error}")
            time.sleep(backoff(attempt, longest=60.0))
            attempt += 1
        else:
            return


class Installation(Thread):
    """Installs etcd in the background."""

    def __init__(self, settings: Settings, paths: Paths) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._paths = paths

    def run(self) -> None:
        """Install etcd without its tools, which are not needed before etcd runs."""
        install(self._settings, self._paths, ["etcd"], WaitLog())


def install_once(settings: Settings, paths: Paths, programs: Sequence[str]) -> None:
    """Install the programs that are missing or incomplete. Raises ``InstallError``.

    The downloaded release stays until all of ``PROGRAMS`` are safely on disk. etcd starts before that. While the
    release exists, a loss of power may have left any file incomplete.
    """
    home = paths.root / "opt/etcd" / f"{settings.version}-{settings.release_sha256[:12]}"
    tarball = paths.root / "var/cache/etcd-release" / f"{settings.release_sha256}.tar.gz"
    try:
        if tarball.exists() or not all((home / program).exists() for program in programs):
            if not tarball.exists() or _digest(tarball) != settings.release_sha256:
                fetch(settings.release_url, settings.release_sha256, tarball)
            unpack(tarball, home, programs)
            say(f"installed {' and '.join(programs)} {settings.version} in {home}")
        link(home, paths.root / "usr/local/bin", programs)
        if all((home / program).exists() for program in PROGRAMS):
            os.sync()
            tarball.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(f"cannot write the release: {error}") from error
    except (EOFError, tarfile.TarError, zlib.error) as error:
        raise InstallError(
            f"{settings.release_url} is no .tar.gz ({error}): correct etcd:releaseUrl and etcd:releaseSha256"
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link(home: Path, folder: Path, programs: Sequence[str]) -> None:
    """Link a release's programs into a folder of the search path."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        name = folder / program
        if not (name.is_symlink() and name.readlink() == home / program):
            temporary = folder / f".{program}.new"
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(home / program)
            temporary.replace(name)


def fetch(url: str, sha256: str, target: Path) -> None:
    """Download a file. It gets its name only if its SHA-256 is right. Raises ``InstallError``."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".part")
    digest = hashlib.sha256()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})  # noqa: S310
        with (
            urllib.request.urlopen(request, timeout=DOWNLOAD_TIMEOUT) as response,  # noqa: S310
            temporary.open("wb") as file,
        ):
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
    except (HTTPException, OSError) as error:
        raise InstallError(f"the download of {url} failed: {error!r}") from None
    if length is not None and received < int(length):
        raise InstallError(f"the download of {url} ended after {received} of {length} bytes")
    if digest.hexdigest() != sha256:
        temporary.unlink()
        raise InstallError(
            f"{url} has the wrong checksum and was deleted: SHA-256 is {digest.hexdigest()}, expected {sha256}"
        )
    temporary.replace(target)


def unpack(tarball: Path, home: Path, programs: Sequence[str]) -> None:
    """Unpack programs of a verified release. Raises ``InstallError`` if the release lacks one."""
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
    raise InstallError(f"{tarball.name} has no {' and no '.join(sorted(wanted))}")
