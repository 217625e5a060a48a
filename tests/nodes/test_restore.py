"""A bootstrap from the backup of another cluster, with real etcd and real S3 requests."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_node.backup.snapshot import decompress
from etcd_node.bootstrap.restore import REVISION_BUMP
from etcd_node.etcd.etcdctl import run_tool
from etcd_node.etcd.membership import bootstrap_cluster_id
from etcd_node.etcd.wal import Contents, read_disk
from etcd_node.host.settings import read_settings
from etcd_node.recovery.recover import Plan

from components.backups import adopt
from components.backups.snapshot_file import read_snapshot
from components.shared.aws_sigv4 import AccessKey
from components.shared.stored_backups import Backup, backups_in
from localcloud.toolchain.etcd import DEFAULT_VERSION

from .lab import Lab, Node, eventually
from .objects import ObjectServer
from .test_backup import bootstrap, configure, run_backup, stored_backups
from .test_recovery import recovered

ADOPTED = Path(__file__).parents[1] / "unit/components/backups/snapshots/etcd-3.5.db.gz"
"""A snapshot of etcd 3.5 with 61 keys, two leases, an alarm, and authentication on."""

VALUES = {f"key-{number}": f"value {number}" for number in range(20)}

LATER = "cluster-1-0123456789abcdef"
"""A cluster of the same stack as the one that made the backup."""


@pytest.fixture
def backup(lab: Lab, server: ObjectServer) -> Backup:
    """A backup of a cluster of one member, which no longer exists."""
    (node,) = bootstrap(lab, server, size=1)
    for key, value in VALUES.items():
        assert node.etcdctl("put", key, value).returncode == 0
    assert node.etcdctl("del", "key-0").returncode == 0
    assert run_backup(node, at_once=True)
    node.power_off()
    lab.api.droplets.clear()
    (backup,) = stored_backups(server)
    return backup


def initial_members(lab: Lab, server: ObjectServer, restore: str = "latest", size: int = 3) -> list[Node]:
    """Members of a new cluster with their power off. The prefix is the old cluster's, as on the same stack."""
    names = [lab.address(number) for number in range(11, 11 + size)]
    nodes: list[Node] = []
    for number in range(11, 11 + size):
        node = lab.add(number, cluster=LATER)
        file = node.paths.etc / "prepare_cluster.json"
        file.write_text(
            json.dumps({**json.loads(file.read_text()), "initial_members": names, "restore": restore})
        )
        configure(node, server)
        (node.root / f"opt/etcd/{DEFAULT_VERSION}-/etcdutl").symlink_to(lab.binaries / "etcdutl")
        nodes.append(node)
    return nodes


def power_on(nodes: list[Node]) -> None:
    for node in nodes:
        node.power_on()


def all_say(nodes: list[Node], text: str) -> None:
    for node in nodes:
        says(node, text)


def restored_cluster(lab: Lab, server: ObjectServer) -> list[Node]:
    """A healthy cluster that has restored the backup."""
    nodes = initial_members(lab, server)
    power_on(nodes)
    lab.all_healthy(nodes)
    return nodes


def says(node: Node, text: str) -> None:
    def logged() -> bool:
        return re.search(text, node.log) is not None

    eventually(f"{node.name} says {text!r}; its log: {node.log[-2000:]}", logged)


def test_a_restore_keeps_all_values_and_raises_revisions(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = restored_cluster(lab, server)
    for node in nodes:
        assert node.get("key-7") == "value 7"
        assert node.get("key-0") == ""
        assert f"restored {backup.snapshot.name}" in node.log
        assert not node.paths.restoring.exists()
    answer = json.loads(nodes[0].etcdctl("get", "", "--prefix", "-w", "json").stdout)
    assert answer["count"] == len(VALUES) + len(nodes)
    assert answer["header"]["revision"] > backup.snapshot.revision + REVISION_BUMP
    watched = nodes[0].etcdctl("watch", "key-1", f"--rev={backup.snapshot.revision}")
    assert "required revision has been compacted" in watched.stdout + watched.stderr
    assert set(nodes[0].members()) == {node.name for node in nodes}
    identity = read_disk(nodes[0].paths.data).identity
    assert identity is not None
    assert identity.cluster == bootstrap_cluster_id(
        read_settings(nodes[0].paths.etc / "prepare_cluster.json")
    )


def test_a_backup_of_the_restored_cluster_becomes_the_latest(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = restored_cluster(lab, server)
    assert run_backup(nodes[0], at_once=True)
    for node in nodes:
        node.power_off().wipe()
    power_on(nodes)
    all_say(nodes, f"restored .*_{LATER}_")


def test_a_cluster_that_lost_all_its_data_waits_for_a_choice(
    lab: Lab, server: ObjectServer, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    (node,) = initial_members(lab, server, restore=backup.snapshot.name, size=1)
    power_on([node])
    lab.all_healthy([node])
    assert node.etcdctl("put", "key-0", "written since").returncode == 0
    assert run_backup(node, at_once=True)
    (newer,) = [one for one in stored_backups(server) if one.snapshot.cluster == LATER]
    node.power_off().wipe().power_on()
    says(node, "this cluster has backups of its own data: choose one with recover from-backup NAME")
    for chosen, value in ((newer, "written since"), (backup, "")):
        recovered(node, Plan(chosen.snapshot.name, (node.name,), "monday"), monkeypatch)
        lab.all_healthy([node])
        assert (node.get("key-0"), node.get("key-1")) == (value, "value 1")
        node.power_off()


def test_a_restored_cluster_without_keys_has_a_backup_without_keys(
    lab: Lab, server: ObjectServer, backup: Backup, tmp_path: Path
) -> None:
    (node,) = initial_members(lab, server, size=1)
    power_on([node])
    lab.all_healthy([node])
    assert run_backup(node, at_once=True)
    assert node.etcdctl("del", "", "--prefix").returncode == 0
    assert run_backup(node, at_once=True)
    full, empty = sorted(
        (one for one in stored_backups(server) if one.snapshot.cluster == LATER),
        key=lambda one: one.snapshot.revision,
    )
    # Without the key that was deleted. Each member that is asked for its health writes one.
    assert (full.snapshot.keys, empty.snapshot.keys) == (len(VALUES) - 1 + 2, 0)
    packed, raw = tmp_path / "packed", tmp_path / "raw"
    server.bucket().download(empty.key, packed)
    decompress(packed, raw)
    assert read_snapshot(raw).keys == 0


def test_a_member_that_loses_its_disk_later_rejoins_without_restoring(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = restored_cluster(lab, server)
    assert nodes[0].etcdctl("put", "after", "the backup").returncode == 0
    nodes[2].power_off().wipe().power_on()
    eventually(f"it joins; its log: {nodes[2].log[-2000:]}", lambda: "as learner" in nodes[2].log)
    nodes[2].step("promote")
    eventually("it serves what was written", lambda: nodes[2].get("after") == "the backup", seconds=90)
    assert "restored 2" not in nodes[2].log[nodes[2].log.index("as learner") :]


def test_a_damaged_object_stops_the_bootstrap_on_each_member(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    file = server.folder / "backups" / backup.key
    content = file.read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1
    file.write_bytes(damaged)
    nodes = initial_members(lab, server)
    power_on(nodes)
    all_say(nodes, "does not match the SHA-256 in its name")
    assert not any(node.paths.environment.exists() for node in nodes)
    file.write_bytes(content)
    lab.all_healthy(nodes)


def test_a_backup_of_a_newer_minor_stops_the_bootstrap(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    newer = replace(backup.snapshot, version="3.7.0", revision=backup.snapshot.revision + 1)
    file = server.folder / "backups" / backup.key
    file.rename(file.with_name(newer.name))
    nodes = initial_members(lab, server)
    power_on(nodes)
    read_by = DEFAULT_VERSION.replace(".", r"\.")
    all_say(
        nodes, rf"was made by etcd 3\.7\.0, which etcd {read_by} cannot read: set etcd:version to 3\.7\.0"
    )
    assert not any(node.paths.environment.exists() for node in nodes)


def test_a_missing_object_stops_the_bootstrap_on_each_member(lab: Lab, server: ObjectServer) -> None:
    nodes = initial_members(lab, server, restore="nothing.db.gz")
    power_on(nodes)
    all_say(nodes, "etcd:restoreFrom nothing.db.gz: there is no backup named nothing.db.gz")
    assert not any(node.paths.environment.exists() for node in nodes)


def test_no_member_starts_before_all_have_the_snapshot(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = initial_members(lab, server, restore=backup.key)
    for node in nodes:
        configure(node, server, prefix="etcd-new/")
    configure(nodes[2], server, key=AccessKey("owner", "revoked"), prefix="etcd-new/")
    power_on(nodes)
    all_say(nodes[:1], f"{nodes[2].name} cannot start from .*SignatureDoesNotMatch")
    all_say(nodes[2:], "waiting for the backup: .*SignatureDoesNotMatch")
    assert not any(node.paths.environment.exists() for node in nodes)
    nodes[2].power_off()
    configure(nodes[2], server, prefix="etcd-new/")
    nodes[2].power_on()
    lab.all_healthy(nodes)
    assert nodes[2].get("key-3") == "value 3"


def test_members_that_lose_power_during_a_restore_start_again(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = initial_members(lab, server)
    power_on(nodes)
    for node in nodes[1:]:
        says(node, "bootstraps the cluster with|bootstrapping the cluster")
        node.power_off()
    power_on(nodes[1:])

    def healthy() -> bool:
        for node in nodes:
            if "ready" not in node.log or not node.healthy():
                node.reconcile()
        return all(node.healthy() for node in nodes)

    eventually("all are healthy", healthy, 120)
    assert {node.get("key-5") for node in nodes} == {"value 5"}


def test_restored_data_that_never_had_a_leader_may_be_set_aside(
    lab: Lab, server: ObjectServer, backup: Backup
) -> None:
    nodes = restored_cluster(lab, server)
    for node in nodes:
        node.power_off()
    assert {read_disk(node.paths.data).contents for node in nodes} == {Contents.DATA}
    restored = nodes[0].wipe()
    power_on(nodes[1:])
    for node in nodes[1:]:
        node.power_off().wipe()
    # The state right after the restore, before any leader: only the first member restores.
    raw = restored.root / "snapshot.db"
    fetch(server, backup, raw)
    restored.paths.mount.mkdir(parents=True)
    restore_alone(restored, raw, [node.name for node in nodes])
    assert read_disk(restored.paths.data).contents is Contents.EMPTY_BOOTSTRAP_LOG


def fetch(server: ObjectServer, backup: Backup, raw: Path) -> None:
    packed = raw.with_suffix(".gz")
    server.bucket().download(backup.key, packed)
    decompress(packed, raw)


def restore_alone(node: Node, raw: Path, names: list[str]) -> None:
    cluster = ",".join(f"{name}=https://{name}:2380" for name in names)
    run_tool(
        [
            *(node.lab.binaries / "etcdutl", "snapshot", "restore", raw),
            *(f"--data-dir={node.paths.data}", f"--name={node.name}", f"--initial-cluster={cluster}"),
            *(f"--initial-advertise-peer-urls=https://{node.name}:2380", "--initial-cluster-token=cluster-2"),
        ]
    )


def test_an_adopted_snapshot_of_etcd_3_5_is_restored_with_its_warnings(
    lab: Lab, server: ObjectServer, tmp_path: Path
) -> None:
    file = tmp_path / "snapshot.db"
    file.write_bytes(gzip.decompress(ADOPTED.read_bytes()))
    content = read_snapshot(file)
    key, _ = adopt.upload(file, content, server.bucket(), "elsewhere/", content.version)
    assert backups_in(server.bucket().list("elsewhere/").objects)[0].snapshot.keys == 61
    nodes = initial_members(lab, server, restore=key)
    power_on(nodes)
    all_say(nodes, f"restored {re.escape(key)}")
    assert not any(node.healthy() for node in nodes)

    def turned_off() -> bool:
        return nodes[0].etcdctl("--user=root:x", "auth", "disable").returncode == 0

    # The advice of the command that adopts it.
    eventually("authentication is off", turned_off)
    assert nodes[0].etcdctl("alarm", "disarm").returncode == 0
    lab.all_healthy(nodes)
    assert nodes[2].get("/k/60") == "value 60"
    assert nodes[1].get("/k/1") == ""
    assert set(nodes[0].members()) == {node.name for node in nodes}
    assert len(nodes[0].etcdctl("lease", "list").stdout.split()) == content.leases + 3
