"""Shows that a stack's cluster works: a key written through one member is read through another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError

_LIMIT = 30.0
_KEY = "/localcloud/prove"


@dataclass(frozen=True)
class Proof:
    """What was seen."""

    endpoints: tuple[str, ...]
    """The members' client URLs, all healthy."""
    written: str
    """The member that took the key."""
    read: str
    """The member that gave it back: another one, where there is another."""
    value: str


def prove(cloud: LocalCloud, directory: Path) -> Proof:
    """Ask every member for its health, then write, read and delete a key.

    Raises ``LocalCloudError`` with etcdctl's last line where any of it fails.
    """
    endpoints = _endpoints(cloud, directory)
    written, read = endpoints[0], endpoints[-1]
    _etcdctl(cloud, directory, "endpoint", "health", "--cluster")
    value = os.urandom(8).hex()
    _etcdctl(cloud, directory, "put", _KEY, value, endpoint=written)
    answer = _etcdctl(cloud, directory, "get", _KEY, "--print-value-only", endpoint=read).strip()
    if answer != value:
        raise LocalCloudError(
            f"{read} answers {answer!r} for the key {_KEY}, to which {written} wrote {value!r}"
        )
    _etcdctl(cloud, directory, "del", _KEY, endpoint=written)
    return Proof(endpoints, written, read, value)


def _endpoints(cloud: LocalCloud, directory: Path) -> tuple[str, ...]:
    result = _captured(cloud, directory, ["printenv", "ETCDCTL_ENDPOINTS"])
    if result.returncode != 0:
        raise LocalCloudError(f"there is no cluster yet in the stack of {directory}: pulumi up")
    return tuple(result.stdout.strip().split(","))


def _etcdctl(cloud: LocalCloud, directory: Path, *arguments: str, endpoint: str = "") -> str:
    # etcdctl refuses a flag whose variable is set, too.
    env = {"ETCDCTL_ENDPOINTS": endpoint} if endpoint else {}
    result = _captured(cloud, directory, ["etcdctl", *arguments], env)
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip() or "it said nothing").splitlines()
        raise LocalCloudError(f"etcdctl {' '.join(arguments)}: {said[-1]}")
    return result.stdout


def _captured(
    cloud: LocalCloud, directory: Path, argv: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return cloud.run(argv, cwd=directory, env=env, capture_output=True, text=True, timeout=_LIMIT)
