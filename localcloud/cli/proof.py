"""Tests a stack's cluster: a key written through one member must be readable through another."""

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
_VARIABLES = ("ETCDCTL_ENDPOINTS", "ETCDCTL_CACERT", "ETCDCTL_CERT", "ETCDCTL_KEY")


@dataclass(frozen=True)
class Proof:
    """The result of a successful test."""

    endpoints: tuple[str, ...]
    """The members' client URLs, all healthy."""
    files: tuple[str, ...]
    """Paths of the CA certificate, the client certificate and its key, all in one folder of the host."""
    written: str
    """The client URL of the member that wrote the key."""
    read: str
    """The client URL of the member that returned the key: another member, unless there is only one."""
    value: str
    """The random value of the key."""


def prove(cloud: LocalCloud, directory: Path) -> Proof:
    """Ask every member for its health, then write, read and delete a key.

    Raises ``LocalCloudError`` with etcdctl's last line if any of these steps fails. If the client may not use the key,
    the error says which permission it needs.
    """
    endpoints, *files = _connection(cloud, directory)
    urls = tuple(endpoints.split(","))
    written, read = urls[0], urls[-1]
    _etcdctl(cloud, directory, "endpoint", "health", "--cluster")
    value = os.urandom(8).hex()
    _etcdctl(cloud, directory, "put", _KEY, value, endpoint=written)
    answer = _etcdctl(cloud, directory, "get", _KEY, "--print-value-only", endpoint=read).strip()
    if answer != value:
        raise LocalCloudError(
            f"key {_KEY} has the value {answer!r} on {read}, but {value!r} was written through {written}"
        )
    _etcdctl(cloud, directory, "del", _KEY, endpoint=written)
    return Proof(urls, tuple(files), written, read, value)


def _connection(cloud: LocalCloud, directory: Path) -> list[str]:
    """The values of ``_VARIABLES``, by which etcdctl reaches the cluster."""
    result = _captured(cloud, directory, ["printenv", *_VARIABLES])
    if result.returncode != 0:
        raise LocalCloudError(f"the stack of {directory} has no cluster yet: run pulumi up")
    return result.stdout.splitlines()


def _etcdctl(cloud: LocalCloud, directory: Path, *arguments: str, endpoint: str = "") -> str:
    # etcdctl rejects a flag if its variable is set as well.
    env = {"ETCDCTL_ENDPOINTS": endpoint} if endpoint else {}
    result = _captured(cloud, directory, ["etcdctl", *arguments], env)
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        raise LocalCloudError(f"etcdctl {' '.join(arguments)}: {lines[-1]}{_advice(lines[-1])}")
    return result.stdout


def _advice(problem: str) -> str:
    """What to do about a refused key; empty for other problems."""
    if "permission denied" not in problem:
        return ""
    return (
        f". The client may not read and write {_KEY}, and the test needs that. Choose one that may, with localcloud "
        "--client NAME prove, or add one to etcd:clients with root: true, or with readwrite on this key"
    )


def _captured(
    cloud: LocalCloud, directory: Path, argv: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return cloud.run(argv, cwd=directory, env=env, capture_output=True, text=True, timeout=_LIMIT)
