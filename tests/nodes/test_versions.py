"""Every supported minor version of etcd, with the same environment file, log format and gateway calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from etcd_node.etcd.transport import client_context
from etcd_node.etcd.wal import Contents, read_disk

from components.changes.force_snapshots import LOGS_WITHOUT_V2, SNAPSHOT_ENTRIES
from components.etcd.admin import MemberAdmin
from components.shared.versions import minor_version
from localcloud.toolchain.etcd import DEFAULT_VERSION, VERSIONS, ensure_release

from .lab import Lab, Node, eventually, wait_until_promoted
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
    context = client_context(nodes[0].paths.etc, "server")
    await MemberAdmin(nodes[0].name, nodes[0].name, context).append_entries(SNAPSHOT_ENTRIES + 1)
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
