"""Every supported minor version of etcd, with the same environment file, log format and gateway calls."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from etcd_node.etcd.wal import Contents, read_disk

from components.changes.force_snapshots import LOGS_WITHOUT_V2, SNAPSHOT_ENTRIES
from components.etcd.admin import MemberAdmin
from components.shared.versions import minor_version
from localcloud.toolchain.etcd import DEFAULT_VERSION, VERSIONS, ensure_release

from .certificates import tls_texts
from .lab import Lab, Node, eventually, wait_until_promoted
from .objects import ObjectServer
from .test_backup import configure, run_backup
from .test_different_data import Operator

# Every other test runs the default version.
OTHERS = [version for version in VERSIONS if version != DEFAULT_VERSION]


@pytest.mark.parametrize("version", OTHERS)
def test_members_bootstrap_and_rejoin_with_every_version(lab: Lab, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    nodes = [lab.add(number) for number in (1, 2, 3)]
    for node in nodes:
        node.change(version=version)
        # An empty bootstrap log is only recognized where every byte of it is understood.
        lab.leave_empty_bootstrap_log(node, nodes)
    for node in nodes:
        node.power_on()
    lab.all_healthy(nodes)
    first, _, third = nodes
    first.etcdctl("put", "colour", "blue")
    third.power_off()
    assert read_disk(third.paths.data).contents is Contents.DATA
    third.wipe().power_on()
    wait_until_promoted(third)
    assert third.get("colour") == "blue"
    assert [node.name for node in nodes if "unrecognized environment variable" in node.log] == []


def test_members_upgrade_from_each_version_to_the_next(lab: Lab) -> None:
    lab.binaries = ensure_release(VERSIONS[0]).binaries
    nodes = lab.bootstrap(version=VERSIONS[0])
    for version in VERSIONS[1:]:
        nodes[0].etcdctl("put", f"before-{version}", "kept")
        # A compaction treats a deleted key in a way of its own.
        nodes[0].etcdctl("put", "deleted", version)
        nodes[0].etcdctl("del", "deleted")
        nodes[0].etcdctl("compact", str(nodes[0].status()["header"]["revision"]))
        if minor_version(version) == LOGS_WITHOUT_V2:
            # Without it, 3.7 panics at entries that 3.5 wrote to the log.
            asyncio.run(let_all_write_a_snapshot(nodes))
        lab.binaries = ensure_release(version).binaries
        for node in nodes:
            upgrade(node, version, lab.binaries)
            lab.all_healthy(nodes)
            # A gate would refuse the next step if versions computed other hashes.
            asyncio.run(Operator(nodes).compare())
        line = version.rpartition(".")[0]
        eventually(f"the cluster has {line}", lambda line=line: cluster_lines(nodes) == {line})
    assert {node.get(f"before-{version}") for node in nodes for version in VERSIONS[1:]} == {"kept"}
    assert {read_disk(node.paths.data).contents for node in nodes} == {Contents.DATA}


async def let_all_write_a_snapshot(nodes: list[Node]) -> None:
    """Do what the program does before it records 3.7."""
    texts = tls_texts(nodes[0].paths.etc)
    await MemberAdmin(nodes[0].name, nodes[0].name, texts).append_entries(SNAPSHOT_ENTRIES + 1)
    for node in nodes:
        eventually("it has a snapshot", lambda node=node: any(node.paths.data.glob("member/snap/*.snap")))


def upgrade(node: Node, version: str, binaries: Path) -> None:
    """Start a member with its data and another release."""
    node.power_off()
    node.change(version=version)
    node.binaries = binaries
    node.power_on()


def cluster_lines(nodes: list[Node]) -> set[str]:
    """The cluster's versions that the members' metrics show."""
    return {node.cluster_version() for node in nodes}


def test_a_cluster_of_an_older_version_takes_over_the_keys(lab: Lab) -> None:
    (newer,) = lab.bootstrap(1)
    newer.etcdctl("put", "colour", "blue")
    newer.etcdctl("put", "shape", "round")
    lab.api.droplets.clear()
    lab.binaries = ensure_release(VERSIONS[0]).binaries
    older = lab.add(11, cluster="cluster-2")
    older.change(version=VERSIONS[0], initial_members=[older.name])
    lab.all_healthy([older.power_on()])
    etc = older.paths.etc
    files = {"--dest-cacert": "ca", "--dest-cert": "server", "--dest-key": "server-key"}
    # The command of docs/lifecycle.md runs until it is stopped.
    mirror = subprocess.Popen(
        [
            newer.binaries / "etcdctl",
            "make-mirror",
            f"https://{older.name}:2379",
            *(f"{option}={etc / name}.pem" for option, name in files.items()),
            f"--endpoints=https://{newer.name}:2379",
            *(
                f"{option.replace('dest-', '')}={newer.paths.etc / name}.pem"
                for option, name in files.items()
            ),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        eventually("the keys are copied", lambda: older.get("shape") == "round")
        newer.etcdctl("put", "colour", "red")
        eventually("a later change is copied", lambda: older.get("colour") == "red")
    finally:
        mirror.kill()
        mirror.wait()
    assert older.cluster_version() == VERSIONS[0].rpartition(".")[0]


def test_a_backup_before_an_upgrade_starts_a_cluster_of_its_version(lab: Lab, server: ObjectServer) -> None:
    version = VERSIONS[0]
    lab.binaries = ensure_release(version).binaries
    (node,) = lab.bootstrap(1, version=version)
    configure(node, server)
    node.etcdctl("put", "colour", "blue")
    assert run_backup(node, at_once=True)
    lab.api.droplets.clear()
    restored = lab.add(11, cluster="cluster-2")
    restored.change(version=version, initial_members=[restored.name], restore="latest")
    configure(restored, server)
    (restored.root / f"opt/etcd/{version}-/etcdutl").symlink_to(lab.binaries / "etcdutl")
    lab.all_healthy([restored.power_on()])
    assert restored.get("colour") == "blue"
    assert f"_v{version}_" in restored.log
