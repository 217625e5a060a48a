"""Tests a stack's cluster: a key written through one member must be readable through another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.cli.running_cluster import find_cluster
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT, StackClients
from localcloud.machines.errors import LocalCloudError

_LIMIT = 30.0
KEY = "/localcloud/prove"
"""The key that the test writes."""
_VARIABLES = ("ETCDCTL_ENDPOINTS", "ETCDCTL_CACERT", "ETCDCTL_CERT", "ETCDCTL_KEY")
_REFUSED = "permission denied"
"""How etcd refuses a key."""


@dataclass(frozen=True)
class Written:
    """A key that was written and read."""

    through: str
    """The client URL of the member that wrote the key."""
    read: str
    """The client URL of the member that returned the key: another member, unless there is only one."""
    value: str
    """The random value of the key."""


@dataclass(frozen=True)
class NotWritten:
    """Authentication is on, and the client may not use the key."""

    lines: tuple[str, ...]
    """Why nothing was written, and what would let the test do it."""


@dataclass(frozen=True)
class Proof:
    """The result of a successful test."""

    endpoints: tuple[str, ...]
    """The members' client URLs, all healthy."""
    files: tuple[str, ...]
    """Paths of the CA certificate, the client certificate and its key, all in one folder of the host."""
    key: Written | NotWritten


class _RefusedError(LocalCloudError):
    """etcd refused a key."""


@dataclass(frozen=True)
class _Etcdctl:
    """etcdctl with the certificate of a client."""

    cloud: LocalCloud
    directory: Path
    client: str

    def connection(self) -> list[str]:
        """The values of ``_VARIABLES``, by which it reaches the cluster."""
        return self._captured(["printenv", *_VARIABLES]).stdout.splitlines()

    def __call__(self, *arguments: str, endpoint: str = "") -> str:
        """Run a command and return its output. Raises ``LocalCloudError`` with the last line if it fails."""
        result = self._captured(["etcdctl", *arguments], endpoint)
        if result.returncode != 0:
            lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
            error = _RefusedError if _REFUSED in lines[-1] else LocalCloudError
            raise error(f"etcdctl {' '.join(arguments)}: {lines[-1]}")
        return result.stdout

    def _captured(self, argv: Sequence[str], endpoint: str = "") -> subprocess.CompletedProcess[str]:
        # etcdctl rejects a flag if its variable is set as well.
        env = {CLIENT: self.client, **({"ETCDCTL_ENDPOINTS": endpoint} if endpoint else {})}
        return self.cloud.run(
            argv, cwd=self.directory, env=env, capture_output=True, text=True, timeout=_LIMIT
        )


def prove(cloud: LocalCloud, directory: Path) -> Proof:
    """Ask every member for its health, then write, read and delete a key.

    It is no failure that etcd lets the client not use the key: the proof says which client may. Raises
    ``LocalCloudError`` with etcdctl's last line if one of these steps fails for another reason.
    """
    clients = _clients(cloud, directory)
    etcdctl = _Etcdctl(cloud, directory, clients.for_key(KEY, os.environ.get(CLIENT, "")).name)
    endpoints, *files = etcdctl.connection()
    urls = tuple(endpoints.split(","))
    etcdctl("endpoint", "health", "--cluster")
    try:
        key = _tested(etcdctl, urls[0], urls[-1])
    except _RefusedError:
        key = NotWritten(why_not_written(clients, etcdctl.client))
    return Proof(urls, tuple(files), key)


def _clients(cloud: LocalCloud, directory: Path) -> StackClients:
    stack, outputs = find_cluster(cloud, directory)
    return stack.clients(outputs)


def _tested(etcdctl: _Etcdctl, written: str, read: str) -> Written:
    # A client that may write alone could not check the value, so it writes nothing.
    etcdctl("get", KEY, endpoint=read)
    value = os.urandom(8).hex()
    etcdctl("put", KEY, value, endpoint=written)
    answer = etcdctl("get", KEY, "--print-value-only", endpoint=read).strip()
    if answer != value:
        raise LocalCloudError(
            f"key {KEY} has the value {answer!r} on {read}, but {value!r} was written through {written}"
        )
    etcdctl("del", KEY, endpoint=written)
    return Written(written, read, value)


def why_not_written(clients: StackClients, client: str) -> tuple[str, ...]:
    """Why etcd refused the key to this client, and what would let the test write it."""
    in_file = clients.auth is not None or bool(clients.settings)
    if clients.auth is not True and (in_file or not clients.issued):
        state = "is false" if clients.auth is False else "is not set"
        return (
            f"Authentication was switched on by hand: etcd:auth {state}.",
            "What to do: docs/access.md, Authentication switched on by hand",
        )
    permitted = clients.that_may_use(KEY)
    if client in permitted:
        return (f"etcd:clients permits {client} to use {KEY}.", "etcd does not yet: run make up.")
    denied = f"{client} may not read and write {KEY}."
    if permitted:
        return denied, f"One that may: .venv/bin/localcloud --client {permitted[0]} prove"
    return (
        denied,
        "A client that would let the test write, in etcd:clients:",
        f"- {{name: prove, permissions: [{{access: readwrite, key: {KEY}}}]}}",
    )
