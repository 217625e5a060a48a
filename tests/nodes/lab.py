"""Members on loopback addresses: the node's package, real etcd, and a loop that starts both as systemd does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from etcd_node.bootstrap.reconcile import reconcile
from etcd_node.etcd.wal import Contents, read_disk
from etcd_node.host.etcd_environment import etcd_environment, format_environment, parse_environment, peer_url
from etcd_node.host.settings import Paths, read_settings

from localcloud.toolchain.etcd import DEFAULT_VERSION, VERSIONS, ensure_release

from .api import TOKEN, FakeApi
from .certificates import Authority, make_authority

ROOT = Path(__file__).resolve().parents[2]
NODE_PATH = f"{ROOT / 'cloud-init'}:{ROOT}"
"""``PYTHONPATH`` of the node's steps: ``etcd_node`` and ``components.shared``."""


T = TypeVar("T")


def eventually(what: str, check: Callable[[], T | None], seconds: float = 40) -> T:
    """Call ``check`` until its result is true, and return that result."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := check():
            return result
        time.sleep(0.1)
    raise AssertionError(f"not in {seconds} s: {what}")


def hexadecimal(member: str | int) -> str:
    """A member's id in the form that etcdctl expects."""
    return member if isinstance(member, str) else f"{member:x}"


class Node:
    """The machine of one member. Its root directory is a folder, and its name is its loopback address."""

    def __init__(self, lab: Lab, address: str, initial_members: Sequence[str], token: str) -> None:
        self.lab = lab
        self.binaries = lab.binaries
        self.name = address
        self.root = lab.folder / address
        self.paths = Paths(self.root)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        etc = self.paths.etc
        etc.mkdir(parents=True)
        lab.issue_certificates(etc, address)
        settings = {
            "name": address,
            "token": token,
            "initial_members": list(initial_members),
            "tag": "etcd-test",
            "addresses": "public",
            "api_url": lab.api.url,
            "version": DEFAULT_VERSION,
            "release_url": "",
            "release_sha256": "",
            "volume": "",
            # So that a busy test machine causes no new elections.
            "heartbeat_ms": 100,
            "election_ms": 2000,
            "quota_bytes": 1 << 30,
            "compaction_mode": "periodic",
            "compaction_retention": "8h",
            "listen": address,
            "metrics": f"{address}:2381",
        }
        (etc / "prepare_cluster.json").write_text(json.dumps(settings))
        (etc / "prepare_cluster.token").write_text(TOKEN)
        self.paths.hosts.write_text("127.0.0.1 localhost\n")
        for version in VERSIONS:
            installed = self.root / f"opt/etcd/{version}-"
            installed.mkdir(parents=True)
            # The loop of this class starts the release of the lab.
            for program in ("etcd", "etcdctl"):
                (installed / program).symlink_to(lab.binaries / program)
        etcdctl = self.paths.program("etcdctl")
        etcdctl.parent.mkdir(parents=True)
        etcdctl.symlink_to(lab.binaries / "etcdctl")
        self.log_file = self.root / "journal"
        self.log_file.touch()

    @property
    def log(self) -> str:
        """The output of the package and of etcd."""
        return self.log_file.read_text()

    def power_on(self) -> Node:
        """Run ``preparecluster`` and etcd, again and again."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def power_off(self) -> Node:
        """Cut the power. Nothing more is written, and ``/run`` is lost."""
        self._stop.set()
        with self._lock:
            if self._process is not None:
                self._process.send_signal(signal.SIGKILL)
        if self._thread is not None:
            self._thread.join()
        shutil.rmtree(self.paths.run, ignore_errors=True)
        return self

    def restart(self) -> None:
        """Restart etcd's unit, and so ``preparecluster`` before it."""
        with self._lock:
            if self._process is not None:
                self._process.send_signal(signal.SIGKILL)

    def suspend(self) -> None:
        """Let etcd hang: it takes connections and answers nothing, until the power is cut."""
        with self._lock:
            assert self._process is not None
            self._process.send_signal(signal.SIGSTOP)

    def wipe(self) -> Node:
        """Lose the data, as with a new disk."""
        shutil.rmtree(self.paths.mount, ignore_errors=True)
        return self

    def reconcile(self) -> None:
        """Run the timer's step, and do what it asks of systemd."""
        settings = read_settings(self.paths.etc / "prepare_cluster.json")
        match reconcile(settings, self.paths, TOKEN):
            case ("start", "etcd-promote.service"):
                self.step("promote")
            case ("restart", "etcd.service"):
                self.restart()
            case None:
                pass
            case other:
                raise AssertionError(other)

    def step(self, name: str) -> None:
        """Run one step of the package to its end."""
        with self.log_file.open("ab") as log:
            subprocess.run(self._command(name), env=self._environment(), stderr=log, check=True, timeout=60)

    def etcdctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run etcdctl against this member alone, as the management if the member has its certificate."""
        etc = self.paths.etc
        kind = "management" if (etc / "management.pem").exists() else "server"
        return subprocess.run(
            [
                self.binaries / "etcdctl",
                f"--endpoints=https://{self.name}:2379",
                f"--cacert={etc / 'ca.pem'}",
                f"--cert={etc / kind}.pem",
                f"--key={etc / kind}-key.pem",
                "--command-timeout=3s",
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def change(self, **settings: Any) -> None:
        """Change settings. They take effect at the next start."""
        file = self.paths.etc / "prepare_cluster.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    def status(self) -> dict[str, Any]:
        """The status that its etcd reports, which may take up to 20 seconds."""
        answer = self.etcdctl("endpoint", "status", "-w", "json", "--command-timeout=20s")
        assert answer.returncode == 0, answer.stderr
        (status,) = json.loads(answer.stdout)
        return status["Status"]

    def leads(self) -> bool:
        """Whether this member reports that it is the leader."""
        status = self.status()
        return status["leader"] == status["header"]["member_id"]

    def healthy(self) -> bool:
        """Whether a write through this member is acknowledged."""
        return self.etcdctl("put", f"health-{self.name}", "x").returncode == 0

    def get(self, key: str) -> str:
        """The value of a key."""
        return self.etcdctl("get", "--print-value-only", key).stdout.strip()

    def members(self) -> dict[str, dict[str, Any]]:
        """The member list, by name."""
        answer = self.etcdctl("member", "list", "--write-out=json", "--hex")
        listed = json.loads(answer.stdout or "{}").get("members", [])
        return {member.get("name", ""): member for member in listed}

    def cluster_version(self) -> str:
        """The cluster's version, such as ``3.6``, as this member reports it."""
        with urllib.request.urlopen(f"http://{self.name}:2381/metrics", timeout=3) as answer:
            metrics = answer.read().decode()
        # etcd has the metric only once it knows the cluster's version.
        (version,) = re.findall(r'etcd_cluster_version\{cluster_version="([\d.]+)"\} 1', metrics) or [""]
        return version

    def variables(self) -> dict[str, str]:
        """etcd's environment file."""
        return (
            parse_environment(self.paths.environment.read_text()) if self.paths.environment.exists() else {}
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            if (
                self._wait_for(self._command("preparecluster"), self._environment()) == 0
                and not self._stop.is_set()
            ):
                self._wait_for(
                    [str(self.binaries / "etcd")],
                    {
                        **os.environ,
                        **self.variables(),
                        "ETCD_UNSAFE_NO_FSYNC": "true",
                        **self.lab.environment,
                    },
                )
            self._stop.wait(0.3)

    def _wait_for(self, command: Sequence[str], environment: dict[str, str]) -> int:
        with self.log_file.open("ab") as log:
            with self._lock:
                if self._stop.is_set():
                    return -1
                self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            return self._process.wait()

    def _command(self, step: str) -> list[str]:
        return [sys.executable, "-SP", "-m", "etcd_node", step, "--root", str(self.root)]

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PYTHONPATH": NODE_PATH, "PATH": os.environ["PATH"]}


class Lab:
    """Machines on addresses of their own, with one CA for peers, one for everybody else, and one API."""

    def __init__(self, folder: Path, network: str) -> None:
        self.folder = folder
        self.network = network
        self.api = FakeApi()
        self.authority: Authority = make_authority()
        self.peer_authority: Authority = make_authority()
        self.auth = False
        """Whether the members' certificates are those of a cluster with ``etcd:auth``."""
        self.binaries = ensure_release().binaries
        self.environment: dict[str, str] = {}
        """More variables for etcd. It ignores those that it does not know."""
        self.nodes: list[Node] = []

    def address(self, number: int) -> str:
        return f"{self.network}.{number}"

    def issue_certificates(self, etc: Path, name: str) -> None:
        """Write a member's certificates as the program does."""
        common_name = "" if self.auth else name
        self.authority.issue(etc, "server", name, common_name=common_name)
        self.peer_authority.issue(etc, "peer", name, common_name=common_name)
        if self.auth:
            self.authority.issue(etc, "management", name, common_name="root")

    def add(self, number: int, initial_members: int = 3, cluster: str = "cluster-1") -> Node:
        """Add a droplet to the listing, with its power off."""
        node = Node(
            self, self.address(number), [self.address(n) for n in range(1, initial_members + 1)], cluster
        )
        self.nodes.append(node)
        self.api.droplets.append((node.name, node.name))
        return node

    def bootstrap(self, size: int = 3, **settings: Any) -> list[Node]:
        """Bootstrap a cluster with these settings, and return its members when all are healthy."""
        nodes = [self.add(number, size) for number in range(1, size + 1)]
        for node in nodes:
            node.change(**settings)
            node.power_on()
        self.all_healthy(nodes)
        return nodes

    def leave_empty_bootstrap_log(self, node: Node, initial_members: Sequence[Node]) -> None:
        """Leave the disk as after a loss of power during a bootstrap: etcd has started, but reached no other member."""
        settings = read_settings(node.paths.etc / "prepare_cluster.json")
        cluster = {member.name: peer_url(member.name) for member in initial_members}
        paths = node.paths
        variables = etcd_environment(settings, state="new", cluster=cluster, etc=paths.etc, data=paths.data)
        paths.environment.write_text(format_environment(variables))
        paths.mount.mkdir(parents=True)
        with node.log_file.open("ab") as log:
            process = subprocess.Popen([self.binaries / "etcd"], env=variables, stdout=log, stderr=log)
        eventually("it has a log", lambda: read_disk(paths.data).contents is Contents.EMPTY_BOOTSTRAP_LOG)
        process.kill()
        process.wait()

    def bootstrap_with_authentication(self, size: int = 3, **settings: Any) -> list[Node]:
        """Bootstrap a cluster, and switch authentication on as the program does."""
        self.auth = True
        nodes = self.bootstrap(size, **settings)
        switch_authentication_on(nodes[0], "--no-password")
        return nodes

    @staticmethod
    def all_healthy(nodes: Sequence[Node]) -> None:
        for node in nodes:
            eventually(f"{node.name} is healthy; its log: {node.log[-3000:]}", node.healthy)

    def stop(self) -> None:
        for node in self.nodes:
            node.power_off()
        self.api.stop()


def switch_authentication_on(node: Node, *options: str) -> None:
    """Switch authentication on. ``options`` are those of the user root."""
    for command in (
        ("user", "add", "root", *options),
        ("user", "grant-role", "root", "root"),
        ("auth", "enable"),
    ):
        done = node.etcdctl(*command)
        assert done.returncode == 0, done.stderr


def wait_until_promoted(node: Node) -> None:
    """Wait until a member is a voter, while the periodic step runs."""

    def votes() -> bool:
        node.reconcile()
        mine = node.members().get(node.name)
        return mine is not None and not mine.get("isLearner") and node.healthy()

    eventually(f"{node.name} votes; its log: {node.log[-3000:]}", votes, seconds=60)


def added_by_hand(node: Node, *options: str, host: str = "extra.test") -> str:
    """Add a member that the program did not make and that never runs, with etcdctl. Returns its id."""
    add = ("member", "add", "extra", *options, f"--peer-urls=https://{host}:2380")
    return eventually(
        "it is added",
        lambda: re.findall(r"Member\s+([0-9a-f]+)\s+added", node.etcdctl(*add).stdout),
    )[0]
