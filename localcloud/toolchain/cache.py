"""A cache for builds, shared by all checkouts and local clouds of the user.

It is the folder ``${XDG_CACHE_HOME:-~/.cache}/etcd-localcloud`` with one entry for each build: ``<kind>-<digest>``. The
digest covers everything on which the build depends, so an entry is never outdated. An unused entry can be removed at
any time.

An entry is built in a temporary folder and then renamed, so an interrupted build leaves no incomplete entry. A lock for
each kind makes other processes wait for the result.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.folders import cache_root
from localcloud.toolchain.process import check_allowed
from localcloud.toolchain.progress import Work, announced, say

UNUSED_DAYS = 30
"""Days without use after which an entry is removed, when another entry of its kind is built."""

LOCK_SECONDS = 3600.0
"""Seconds to wait for another process that builds an entry of the same kind."""

POLL_SECONDS = 0.5

UNWRITABLE = frozenset({errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS})
"""Errors of a folder that is another user's, read-only or a file, or of a disk that is full."""

Show = Callable[[str], None]
"""Shows one line of a build's output."""


def root() -> Path:
    """Return the cache's folder. It may not exist yet."""
    return cache_root()


def digest(*inputs: str | bytes | Path) -> str:
    """Return the SHA-256 of texts, bytes and files, in order. A folder stands for all its files."""
    total = hashlib.sha256()
    for item in inputs:
        total.update(_digest_of(item))
    return total.hexdigest()


def _digest_of(item: str | bytes | Path) -> bytes:
    if isinstance(item, str):
        item = item.encode()
    if isinstance(item, bytes):
        return hashlib.sha256(item).digest()
    if item.is_dir():
        parts = [
            part
            for path in sorted(path for path in item.rglob("*") if path.is_file())
            for part in (str(path.relative_to(item)), f"{path.stat().st_mode & 0o111:o}", path)
        ]
        return bytes.fromhex(digest(*parts))
    return hashlib.sha256(item.read_bytes()).digest()


def ensure(kind: str, key: str, work: Work, build: Callable[[Path, Show], None]) -> Path:
    """Return the folder of entry ``kind`` with digest ``key``, and build it if it is missing.

    ``build`` fills an empty folder. If it fails, the folder is removed, and the next call tries again.
    Raises ``ToolchainError`` if another process holds the lock for more than ``LOCK_SECONDS``, or if the cache cannot
    be written.
    """
    entry = root() / f"{kind}-{key[:16]}"
    try:
        return entry if _mark_used(entry) else _make(entry, kind, work, build)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise ToolchainError(
            f"{error.filename or entry} cannot be written: {error.strerror}: set XDG_CACHE_HOME to a folder that "
            "this user can write and that has enough space, or make room, then try again"
        ) from error


def _make(entry: Path, kind: str, work: Work, build: Callable[[Path, Show], None]) -> Path:
    root().mkdir(parents=True, exist_ok=True)
    with _locked(kind):
        if _mark_used(entry):
            return entry
        for unfinished in root().glob(f"{kind}-*.tmp"):
            shutil.rmtree(unfinished)
        making = entry.with_name(f"{entry.name}.tmp")
        making.mkdir()
        try:
            with announced(work) as show:
                build(making, show)
            making.rename(entry)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        _prune(kind, keep=entry)
    return entry


def missing(kind: str, key: str, work: Work) -> list[Work]:
    """Return the work that ``ensure`` would do now; an empty list if the entry exists."""
    return [] if (root() / f"{kind}-{key[:16]}").exists() else [work]


def _mark_used(entry: Path) -> bool:
    try:
        os.utime(entry)
    except FileNotFoundError:
        return False
    except OSError as error:
        # XDG_CACHE_HOME can name a cache of another user, or one on a file system that is read-only.
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        return entry.exists()
    return True


def _prune(kind: str, keep: Path) -> None:
    oldest = time.time() - UNUSED_DAYS * 86400
    mounted = Path("/proc/self/mountinfo")
    mounts = mounted.read_text() if mounted.exists() else ""
    for entry in root().iterdir():
        ours = re.fullmatch(re.escape(kind) + "-[0-9a-f]{16}", entry.name)
        # An image that is mounted below running machines is in use, even after so many days.
        if ours and entry != keep and entry.stat().st_mtime < oldest and str(entry) not in mounts:
            removed = entry.with_name(f"{entry.name}.tmp")
            entry.rename(removed)
            shutil.rmtree(removed)


@contextmanager
def _locked(kind: str) -> Generator[None]:
    path = root() / f"{kind}.lock"
    with path.open("a+") as lock:
        waiting_since = time.monotonic()
        announced = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text().strip() or "unknown"
            if time.monotonic() - waiting_since > LOCK_SECONDS:
                raise ToolchainError(
                    f"{path} has been locked by process {holder} for {LOCK_SECONDS:.0f} s: "
                    "end that process or wait for it, then try again"
                )
            if not announced:
                say(
                    f"Waiting up to {LOCK_SECONDS:.0f} s for process {holder}, which builds the same ({kind})"
                )
                announced = True
            check_allowed(kind)
            time.sleep(POLL_SECONDS)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
