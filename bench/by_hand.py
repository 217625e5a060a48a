"""Clusters of three etcd processes, started as a person would start them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.errors import BenchError
from localcloud.machines.machine import NspawnMachine
from localcloud.machines.volumes import Volumes
from localcloud.toolchain.etcd import ensure_release

LIMIT = 30.0
"""Seconds within which the cluster must become healthy, and each process must end."""

LOOPBACK = "127.0.0.1"
"""An address in every server and peer certificate that the program issues."""

PORTS = "12379-12381"
"""The ports of a process in a member's network: for clients, for peers, and for metrics."""

NICENESS = -10
"""The niceness of the program's unit."""

_POLL = 0.05


@dataclass(frozen=True)
class Process:
    """One etcd process, with the certificates and the settings of one member."""

    name: str
    member: NspawnMachine
    host: str
    """How clients and the others reach it: a name or an address in the member's certificates."""
    listen: str
    port: int
    """The port for clients. The next two are for peers and for metrics."""
    enter: tuple[str, ...] = ()
    """A command that runs it in another network. Empty for this one."""

    @property
    def client_url(self) -> str:
        """The URL for clients."""
        return f"https://{self.host}:{self.port}"

    @property
    def peer_url(self) -> str:
        """The URL for the other processes."""
        return f"https://{self.host}:{self.port + 1}"

    def environment(self, cluster: Sequence[Process], data: Path) -> dict[str, str]:
        """etcd's settings: those of the member, with other addresses and directories."""
        upper = self.member.upper
        lines = (upper / "etc/etcd/etcd-members").read_text().splitlines()
        members = dict(line.split("=", 1) for line in lines if line.startswith("ETCD_"))
        # The member's paths are relative to the root of its machine.
        files = {key: f"{upper}{value}" for key, value in members.items() if value.startswith("/etc/")}
        return (
            members
            | files
            | {
                "ETCD_NAME": self.name,
                "ETCD_DATA_DIR": str(data),
                "ETCD_INITIAL_CLUSTER": ",".join(f"{one.name}={one.peer_url}" for one in cluster),
                "ETCD_INITIAL_CLUSTER_STATE": "new",
                "ETCD_INITIAL_CLUSTER_TOKEN": self.name.rpartition("-")[0],
                "ETCD_ADVERTISE_CLIENT_URLS": self.client_url,
                "ETCD_INITIAL_ADVERTISE_PEER_URLS": self.peer_url,
                "ETCD_LISTEN_CLIENT_URLS": f"https://{self.listen}:{self.port}",
                "ETCD_LISTEN_PEER_URLS": f"https://{self.listen}:{self.port + 1}",
                "ETCD_LISTEN_METRICS_URLS": f"http://{self.listen}:{self.port + 2}",
            }
        )


def on_loopback(members: Sequence[NspawnMachine]) -> list[Process]:
    """A process for each member, on the loopback address."""
    return [
        Process(f"loopback-{number}", member, LOOPBACK, LOOPBACK, 22379 + 10 * number)
        for number, member in enumerate(members, 1)
    ]


def in_networks(members: Sequence[NspawnMachine]) -> list[Process]:
    """A process for each running member, in the member's network. Its firewall must allow ``PORTS``."""
    first = int(PORTS.partition("-")[0])
    return [
        Process(
            f"by-hand-{number}",
            member,
            member.facts().name,
            "0.0.0.0",  # noqa: S104 - the machine's firewall stands before it
            first,
            ("nsenter", f"--target={member.leader()}", "--net"),
        )
        for number, member in enumerate(members, 1)
    ]


@contextmanager
def cluster_by_hand(
    processes: Sequence[Process], volumes: Volumes, size_gib: int, directory: Path
) -> Generator[Sequence[str]]:
    """Run a cluster while the block lasts, and yield its client URLs.

    Each process has its data on a volume of the local cloud, mounted as the members mount theirs. Raises
    ``BenchError`` if the cluster does not become healthy in time.
    """
    with ExitStack() as stack:
        for process in processes:
            mount = stack.enter_context(_mounted(volumes, process.name, size_gib, directory))
            environment = process.environment(processes, mount / "data")
            stack.enter_context(_running(process, environment, directory))
        _await_health(processes, directory)
        yield [process.client_url for process in processes]


@contextmanager
def _mounted(volumes: Volumes, name: str, size_gib: int, directory: Path) -> Generator[Path]:
    volumes.create(name, size_gib, "ext4", "")
    point = directory / name
    point.mkdir()
    try:
        subprocess.run(["mount", "-o", "noatime,errors=remount-ro", volumes.connect(name), point], check=True)
        try:
            yield point
        finally:
            subprocess.run(["umount", point], check=True)
    finally:
        volumes.delete(name)


@contextmanager
def _running(process: Process, environment: Mapping[str, str], directory: Path) -> Generator[None]:
    command = [*process.enter, "nice", "-n", str(NICENESS), ensure_release().binaries / "etcd"]
    with (directory / f"{process.name}.log").open("wb") as log:
        running = subprocess.Popen(
            command,
            env={"PATH": os.defpath, **environment},
            stdout=log,
            stderr=log,
            # Linux divides the processors among sessions (sched(7), autogroup), and niceness counts within a session
            # only. A service has a session of its own. In the load's session, these processes would have priority over
            # the clients that they serve.
            start_new_session=True,
        )
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(LIMIT)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _await_health(processes: Sequence[Process], directory: Path) -> None:
    deadline = time.monotonic() + LIMIT
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        for process in processes:
            while not _is_healthy(client, process):
                if time.monotonic() > deadline:
                    log = (directory / f"{process.name}.log").read_text(errors="replace")
                    raise BenchError(
                        f"{process.name} is not healthy after {LIMIT:.0f} s; its log ends with:\n{log[-2000:]}"
                    )
                time.sleep(_POLL)


def _is_healthy(client: httpx.Client, process: Process) -> bool:
    with suppress(httpx.HTTPError):
        answer = client.get(f"http://{process.host}:{process.port + 2}/health")
        return answer.json().get("health") == "true"
    return False
