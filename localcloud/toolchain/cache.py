"""The cache of what is slow to make, shared by every checkout and every local cloud of the user.

It is a folder, ``${XDG_CACHE_HOME:-~/.cache}/etcd-localcloud``, with one entry for each thing made:
``<kind>-<digest>``, where the digest covers everything that the thing depends on. So an entry never goes
stale, and can be removed at any time when nothing uses it.

An entry is made in a temporary sibling and renamed into place: it is there whole or not at all, whatever
interrupts the work. A lock per kind lets one process work while others wait for its result.
"""

from __future__ import annotations

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
from localcloud.toolchain.progress import Work, announced, say

UNUSED_DAYS = 30
"""Entries that were not asked for in this time are removed when another of their kind is made."""

LOCK_SECONDS = 3600.0
"""How long to wait for another process that makes an entry of the same kind."""

POLL_SECONDS = 0.5

Show = Callable[[str], None]
"""Shows one line of a build's output."""


def root() -> Path:
    """Return the cache's folder, which may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "etcd-localcloud"


def digest(*inputs: str | bytes | Path) -> str:
    """Return the SHA-256 of texts, bytes and files, in order; a folder counts with all files in it."""
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
    """Return the folder of entry ``kind`` with digest ``key``, making it by ``build`` where it is missing.

    ``build`` fills an empty folder. When it fails nothing is left, and the next call tries again.
    Raises ``ToolchainError`` when another process holds the lock for more than ``LOCK_SECONDS``.
    """
    entry = root() / f"{kind}-{key[:16]}"
    if _mark_used(entry):
        return entry
    root().mkdir(parents=True, exist_ok=True)
    with _locked(kind):
        if _mark_used(entry):
            return entry
        for leftover in root().glob(f"{kind}-*.tmp"):
            shutil.rmtree(leftover)
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


def _mark_used(entry: Path) -> bool:
    try:
        os.utime(entry)
    except FileNotFoundError:
        return False
    except PermissionError:
        # Another user's cache, given by XDG_CACHE_HOME, can be read without being kept.
        return True
    return True


def _prune(kind: str, keep: Path) -> None:
    oldest = time.time() - UNUSED_DAYS * 86400
    mounted = Path("/proc/self/mountinfo")
    mounts = mounted.read_text() if mounted.exists() else ""
    for entry in root().iterdir():
        ours = re.fullmatch(re.escape(kind) + "-[0-9a-f]{16}", entry.name)
        # An image whose machines have been running for longer than that is still a mount's lower layer.
        if ours and entry != keep and entry.stat().st_mtime < oldest and str(entry) not in mounts:
            doomed = entry.with_name(f"{entry.name}.tmp")
            entry.rename(doomed)
            shutil.rmtree(doomed)


@contextmanager
def _locked(kind: str) -> Generator[None]:
    path = root() / f"{kind}.lock"
    with path.open("a+") as lock:
        waiting_since = time.monotonic()
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text().strip() or "unknown"
            if time.monotonic() - waiting_since > LOCK_SECONDS:
                raise ToolchainError(
                    f"{path} has been locked by process {holder} for {LOCK_SECONDS:.0f} s: "
                    "end that process, or wait for it, and try again"
                )
            if not told:
                say(f"Waiting for process {holder}, which is making the same ({kind})")
                told = True
            time.sleep(POLL_SECONDS)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
