"""etcd's release: fetched, its checksum verified, and only then unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from .backoff import backoff
from .files import replace_text
from .journal import Waiting, say
from .settings import Places, Settings

PROGRAMS = ("etcd", "etcdctl", "etcdutl")

STALL = 20.0
"""Seconds without a byte after which a download is given up."""

_CHUNK = 1 << 18


class InstallError(Exception):
    """This try failed. The text fits on one line."""


def install(settings: Settings, places: Places, waiting: Waiting) -> None:
    """Have etcd, etcdctl and etcdutl in ``/usr/local/bin``. Tries until it succeeds."""
    attempt = 0
    while True:
        try:
            install_once(settings, places)
        except InstallError as error:
            waiting.on(f"etcd {settings.version} is not installed: {error}")
            time.sleep(backoff(attempt, longest=60.0))
            attempt += 1
        else:
            return


def install_once(settings: Settings, places: Places) -> None:
    """Do what is missing: what an interrupted try has verified or unpacked is used. Raises ``InstallError``."""
    home = places.root / "opt/etcd" / f"{settings.version}-{settings.release_sha256[:12]}"
    if not (home / "complete").exists():
        tarball = places.root / "var/cache/etcd-release" / f"{settings.release_sha256}.tar.gz"
        try:
            if not tarball.exists():
                fetch(settings.release_url, settings.release_sha256, tarball)
            unpack(tarball, home)
            tarball.unlink()
        except OSError as error:
            raise InstallError(f"cannot write it: {error}") from error
        say(f"etcd {settings.version} is installed in {home}")
    links = places.root / "usr/local/bin"
    links.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        link = links / program
        if not (link.is_symlink() and link.readlink() == home / program):
            temporary = links / f".{program}.new"
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(home / program)
            temporary.replace(link)


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


def unpack(tarball: Path, home: Path) -> None:
    """Take the programs out of a verified release. Raises ``InstallError`` when one is not in it."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    wanted = set(PROGRAMS)
    with tarfile.open(tarball, "r:gz") as archive:
        for entry in archive:
            name = Path(entry.name).name
            if entry.isfile() and name in wanted and (content := archive.extractfile(entry)) is not None:
                with (
                    content,
                    os.fdopen(os.open(home / name, os.O_WRONLY | os.O_CREAT, 0o755), "wb") as program,
                ):
                    shutil.copyfileobj(content, program, _CHUNK)
                wanted.discard(name)
    if wanted:
        raise InstallError(f"{tarball.name} has no {' and no '.join(sorted(wanted))} in it")
    replace_text(home / "complete", "", mode=0o644)
