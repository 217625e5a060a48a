"""Stacks with authentication and clients. The writer is a client of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.shared.ports import CLIENT_PORT
from localcloud.machines.client_choice import OPERATOR
from testbed.cluster import FILES, Cluster
from tests.drills.drill import Drill
from tests.lifecycle.live import Live

ADMIN, WRITER, APP, READER, METRICS = "admin", "writer", "app", "reader", "metrics"
"""The clients: one with the role root, those that write and read below prefixes, and one without permissions."""

PEER_PORT = 2380
QUIET = "--silent --show-error --max-time 10 --output /dev/null --http1.1 --tls-max 1.2"
"""Options of curl. In TLS 1.3 it may not see why a server ends the connection, for it has sent its request by then."""
FOLDER = "/root/client"
"""Where a machine gets a client's files."""


def permission(access: str, prefix: str) -> Mapping[str, str]:
    return {"access": access, "prefix": prefix}


def usual_clients(*prefixes: str) -> list[dict[str, Any]]:
    """The clients in their order. The writer writes below ``prefixes``."""
    return [
        {"name": METRICS},
        {"name": READER, "permissions": [permission("read", "/app/")]},
        {"name": APP, "permissions": [permission("readwrite", "/app/")]},
        {"name": WRITER, "permissions": [permission("readwrite", prefix) for prefix in prefixes]},
        {"name": ADMIN, "root": True},
    ]


class WithClients(Cluster):
    """A stack whose commands have the certificate of the client with the role root, once there is one."""

    def may(self, client: str, *etcdctl: str) -> bool:
        """Whether etcd carries out a client's command. Without permission it says so, or the test fails."""
        done = self.as_client(client, "etcdctl", *etcdctl)
        refused = ("permission denied", "user name not found")
        assert done.returncode == 0 or any(reason in done.stdout for reason in refused), done.stdout
        return done.returncode == 0

    def save_bundle(self, directory: Path) -> None:
        """Save the current files of the writer, or those of the operator before the stack has clients."""
        self.save_client(WRITER if self._document["config"].get("etcd:clients") else OPERATOR, directory)

    def with_bundle(self, directory: Path, *etcdctl: str) -> subprocess.CompletedProcess[str]:
        """Run etcdctl with saved files, and both of its outputs as one text."""
        files = [f"{variable}={directory / name}" for variable, name in FILES.items()]
        return self.run("env", *files, "etcdctl", *etcdctl)

    def is_enforced(self) -> bool:
        """Whether authentication is on."""
        return "Authentication Status: true" in self.etcdctl("auth", "status")

    def rights(self) -> str:
        """All users, roles and permissions, and whether authentication is on, as etcdctl prints them."""
        script = (
            "etcdctl auth status | head -1\n"
            "for user in $(etcdctl user list | sort); do etcdctl user get $user; done\n"
            "for role in $(etcdctl role list | sort); do etcdctl role get $role; done"
        )
        done = self.run("sh", "-euc", script)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def peer_port_answers(self, directory: Path, asking: str, asked: str, path: str) -> str:
        """Send a request to a member's peer port from another member's machine, with saved files of a client.

        Returns curl's error and the status, which is 000 without an answer.
        """
        for name in ("client.pem", "client-key.pem"):
            text = (directory / name).read_text(encoding="ascii")
            self.on(asking, f"mkdir -p {FOLDER} && cat > {FOLDER}/{name} <<'END'\n{text}END\n")
        return self.peer_port_tells(asking, asked, path, FOLDER, "client")

    def peer_port_tells(self, asking: str, asked: str, path: str, folder: str, kind: str) -> str:
        """Like ``peer_port_answers``, with files that are on the machine."""
        # Whom the peer port lets in is the question, and not whether the member is the right one.
        return self.on(
            asking,
            f"curl --insecure {QUIET} --write-out '%{{http_code}}' "
            f"--cert {folder}/{kind}.pem --key {folder}/{kind}-key.pem "
            f"https://{asked}:{PEER_PORT}{path} 2>&1 || true",
        )


class AccessStack(WithClients, Live):
    """A running stack with its writer, its observer and, in each case, a client of ``clientv3``."""

    def clients(self) -> Sequence[dict[str, Any]]:
        """The usual clients. The writer may write what the processes beside the stack write."""
        return usual_clients(f"/{self.stack}/", f"/clientv3/{self.stack}/")

    def reconnect_clients(self) -> None:
        """Cut all clients' connections. They show the files that were saved last when they come back."""
        for name in self.names:
            self.on(name, f"ss --kill state established sport = :{CLIENT_PORT} > /dev/null")


class AccessDrill(WithClients, Drill):
    """A stack with backups and counted values, whose commands are those of a client with the role root."""
