"""Defragmentation under load, and the runbook for a full database, with real members."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path

import pytest

from bench.writing import Load, Writes, put
from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .lab import Lab, Node, eventually
from .operators_shell import credentials, endpoints, shell

MIB = 1 << 20
RATE = 1500
"""Writes in a second, from 100 clients through all members: a transfer of leadership then mostly fails some of them."""

SMALL = 65 * MIB
"""Bytes of a file: more than 20 values of 1 MiB and the loads need, and less than 80 such values need."""

RUNBOOK = Path(__file__).parents[2] / "docs/monitoring.md"


def fill(node: Node, mebibytes: int, *, keys: int = 4, until_full: bool = False) -> None:
    """Write and overwrite the same few keys, so that all but one MiB of each can be compacted."""
    for number in range(mebibytes):
        done = subprocess.run(
            [*node_etcdctl(node), "put", f"/fill/{number % keys}"], input="x" * (MIB - 4096), text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        if until_full and "database space exceeded" in done.stderr:
            return
        assert done.returncode == 0, done.stderr
    assert not until_full


def node_etcdctl(node: Node) -> list[str]:
    etc = node.paths.etc
    return [
        str(node.lab.binaries / "etcdctl"), f"--endpoints=https://{node.name}:2379", f"--cacert={etc / 'ca.pem'}",
        f"--cert={etc / 'server.pem'}", f"--key={etc / 'server-key.pem'}",
    ]  # fmt: skip


def compact(nodes: list[Node], *, left: int = 8) -> None:
    """Compact everything, and wait until less than ``left`` MiB of each member's file are in use."""
    revision = nodes[0].status()["header"]["revision"]
    compacted = nodes[0].etcdctl("compact", "--physical", str(revision), "--command-timeout=20s")
    assert compacted.returncode == 0, compacted.stderr
    for node in nodes:
        # bbolt frees pages with the commits that follow.
        eventually(
            "it is free", lambda node=node: node.healthy() and node.status()["dbSizeInUse"] < left * MIB
        )
        assert node.status()["dbSize"] > 32 * MIB


class Writer:
    """Writes each key once, without a pause, and records which writes were acknowledged and which failed."""

    def __init__(self, nodes: list[Node]) -> None:
        self.acknowledged: list[str] = []
        self.failed: list[str] = []
        self._stop = threading.Event()
        endpoints = ",".join(f"https://{node.name}:2379" for node in nodes)
        # Each write is a process of its own. On a busy machine its connection may take longer than 2 s, the default.
        # A write waits while its member defragments, which may take longer than 5 s there, etcdctl's default limit.
        self._command = [
            *node_etcdctl(nodes[0]), f"--endpoints={endpoints}", "--dial-timeout=10s", "--command-timeout=30s",
        ]  # fmt: skip
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key = f"/written/{number}"
            done = subprocess.run(
                [*self._command, "put", key, key], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                self.acknowledged.append(key)
            else:
                self.failed.append(f"{key}: {done.stderr.strip()}")

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


class BenchmarkLoad:
    """Runs etcd's own ``benchmark`` again and again. Its clients do not retry writes."""

    def __init__(self, nodes: list[Node]) -> None:
        self.loads: list[Load] = []
        self._stop = threading.Event()
        self._nodes = nodes
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            load = Writes(4 * RATE, rate=RATE)
            self.loads.append(put(endpoints(self._nodes), credentials(self._nodes[0]), load, may_fail=True))

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize("version", VERSIONS)
def test_members_defragment_in_turn_under_load_and_no_write_fails(lab: Lab, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    # Elections of a machine that is busy with other tests would fail writes as well.
    nodes = lab.bootstrap(defragment_bytes=16 * MIB)
    fill(nodes[0], 80, keys=20)
    compact(nodes, left=40)
    term = nodes[0].status()["raftTerm"]
    writer, load = Writer(nodes), BenchmarkLoad(nodes)
    try:
        # A member postpones its turn while another is too busy to answer, until the next timer.
        for _ in range(8):
            before = [node.status()["dbSize"] for node in nodes]
            for node in reversed(nodes):
                node.step("defragment")
                after = [node.status()["dbSize"] for node in nodes]
                assert sum(new < old // 2 for new, old in zip(after, before, strict=True)) <= 1
                before = after
            if max(before) < SMALL:
                break
    finally:
        load.end()
        writer.end()
    assert all(node.status()["dbSize"] < SMALL for node in nodes)
    assert writer.acknowledged
    assert writer.failed == []
    assert load.loads
    assert [one.failed for one in load.loads if one.failed] == []
    assert nodes[0].status()["raftTerm"] == term
    assert all(nodes[0].get(key) == key for key in writer.acknowledged[:: len(writer.acknowledged) // 20 + 1])


def test_no_member_defragments_while_another_is_down(lab: Lab) -> None:
    first, second, third = lab.bootstrap(defragment_bytes=16 * MIB)
    fill(first, 40)
    compact([first, second, third])
    third.power_off()
    for node in (first, second):
        node.step("defragment")
        # If the missing member led, the others may still have to elect a leader.
        assert "postponed: " in node.log
        assert node.status()["dbSize"] > 32 * MIB


def test_the_runbook_repairs_a_full_database(lab: Lab) -> None:
    nodes = lab.bootstrap(quota_bytes=24 * MIB)
    fill(nodes[0], 60, until_full=True)
    assert "NOSPACE" in nodes[0].etcdctl("alarm", "list").stdout
    assert nodes[1].etcdctl("put", "refused", "x").returncode != 0
    entry = RUNBOOK.read_text(encoding="utf-8").split("### EtcdNoSpace\n")[1].split("\n### ")[0]
    commands = "\n".join(re.findall(r"^    (\S.+)$", entry, re.MULTILINE))
    assert "alarm disarm" in commands
    done = shell(nodes, commands, "-euo", "pipefail", seconds=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert nodes[2].etcdctl("alarm", "list").stdout == ""
    lab.all_healthy(nodes)
    assert all(node.status()["dbSize"] < 12 * MIB for node in nodes)
