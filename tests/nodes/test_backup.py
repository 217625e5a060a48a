"""Backups of real etcd members in a real S3 server: which member uploads, and what can fail."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_node.backup import upload as backup
from etcd_node.backup import upload_lock
from etcd_node.backup.due import REQUEST_GRACE, backup_is_due, pending_request
from etcd_node.backup.last_backup import DECISION_SECONDS
from etcd_node.backup.settings import read_backup_settings
from etcd_node.backup.snapshot import decompress
from etcd_node.etcd.transport import MemberAddress, TlsClient
from etcd_node.host.settings import read_settings

from components.etcd.admin import MemberAdmin
from components.shared.aws_sigv4 import AccessKey
from components.shared.backups import REQUEST_LEASE, confirmation_lease
from components.shared.compression import SnapshotError, compress
from components.shared.s3 import StoredObject
from components.shared.stored_backups import Backup, backups_in
from localcloud.toolchain.etcd import DEFAULT_VERSION, VERSIONS, ensure_release

from .api import Fault
from .certificates import tls_texts
from .lab import Lab, Node, eventually
from .objects import KEY, ObjectServer

PREFIX = "etcd-test/"


def configure(
    node: Node, server: ObjectServer, *, key: AccessKey = KEY, prefix: str = PREFIX, **changes: float
) -> None:
    access = server.access(key)
    values = {
        "endpoint": access.endpoint,
        "bucket": access.bucket,
        "region": access.region,
        "access_key": key.id,
        "secret_key": key.secret,
        "ca_certificate": access.ca_certificate,
        "prefix": prefix,
        "interval": 60,
        "retention": 0,
        "upload_headers": {},
        **changes,
    }
    node.paths.backup.write_text(json.dumps(values))
    programs = node.paths.program("etcdctl").parent
    programs.mkdir(parents=True, exist_ok=True)
    for tool in ("etcdctl", "etcdutl"):
        if not (programs / tool).exists():
            (programs / tool).symlink_to(node.lab.binaries / tool)


def bootstrap(lab: Lab, server: ObjectServer, size: int = 3, **changes: float) -> list[Node]:
    nodes = lab.bootstrap(size)
    for node in nodes:
        wait_for_addresses(node, nodes)
        configure(node, server, **changes)
    return nodes


def wait_for_addresses(node: Node, nodes: list[Node]) -> None:
    """Wait until a member knows the addresses of all."""
    eventually(
        "all members are known", lambda: all(one.name in node.paths.hosts.read_text() for one in nodes)
    )


def run_backup(node: Node, *, at_once: bool = False) -> bool:
    """Run a backup's step as if it were due. Returns whether it did not fail."""
    node.paths.next_backup.unlink(missing_ok=True)
    try:
        node.step("backup-now" if at_once else "backup")
    except subprocess.CalledProcessError:
        return False
    return True


def stored_backups(server: ObjectServer) -> list[Backup]:
    return backups_in(StoredObject(key, 1, 0.0) for key in server.names())


def leader(nodes: list[Node]) -> Node:
    return eventually("a leader", lambda: next((node for node in nodes if node.leads()), None))


def test_exactly_one_member_uploads_a_verified_snapshot(
    lab: Lab, server: ObjectServer, tmp_path: Path
) -> None:
    nodes = bootstrap(lab, server, interval=3600)
    for number in range(20):
        assert nodes[0].etcdctl("put", f"key-{number}", "value").returncode == 0
    assert all(run_backup(node) for node in [*nodes, *nodes])
    (backup,) = stored_backups(server)
    snapshot = backup.snapshot
    assert backup.key.startswith(PREFIX)
    assert (snapshot.cluster, snapshot.version) == ("cluster-1", DEFAULT_VERSION)
    assert snapshot.revision >= 21
    assert server.bucket().download(backup.key, tmp_path / "packed") == snapshot.sha256
    decompress(tmp_path / "packed", tmp_path / "raw")
    status = subprocess.run(
        [lab.binaries / "etcdutl", "snapshot", "status", tmp_path / "raw", "-w", "json"],
        capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(status.stdout)["revision"] == snapshot.revision
    uploader = min(node.name for node in nodes if node is not leader(nodes))
    assert [f"backup {snapshot.name}" in node.log for node in nodes] == [n.name == uploader for n in nodes]
    assert not any(node.paths.staging.exists() for node in nodes)
    assert f"newest_revision {snapshot.revision}\n" in nodes[0].paths.backup_metrics.read_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_keys_of_a_backup_are_those_that_are_not_deleted(
    lab: Lab, server: ObjectServer, version: str
) -> None:
    lab.binaries = ensure_release(version).binaries
    (node,) = bootstrap(lab, server, size=1)
    for keys in (2, 0):
        assert node.etcdctl("del", "", "--prefix").returncode == 0
        for number in range(keys):
            for value in ("old", "new"):
                assert node.etcdctl("put", f"key-{number}", value).returncode == 0
        assert run_backup(node, at_once=True)
        newest = max(stored_backups(server), key=lambda one: one.snapshot.revision)
        assert newest.snapshot.keys == keys


def test_another_member_takes_over_from_one_that_is_down(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    first = min((node for node in nodes if node is not leader(nodes)), key=lambda node: node.name)
    first.power_off()
    rest = [node for node in nodes if node is not first]
    eventually("a leader", rest[0].healthy)
    assert all(run_backup(node) for node in rest)
    assert len(stored_backups(server)) == 1


def test_another_member_takes_over_from_one_that_cannot_upload(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    first = min((node for node in nodes if node is not leader(nodes)), key=lambda node: node.name)
    configure(first, server, key=AccessKey("owner", "revoked"))
    rest = [node for node in nodes if node is not first]
    assert not run_backup(first)
    assert "SignatureDoesNotMatch" in first.log
    assert "revoked" not in first.log
    assert "etcd_backup_failed 1" in first.paths.backup_metrics.read_text()
    assert all(run_backup(node) for node in rest)
    assert stored_backups(server) == []
    for node in rest:
        # No member has uploaded for longer than the grace of one member, but not of two.
        waited = json.loads(node.paths.no_backup.read_text()) - 35
        node.paths.no_backup.write_text(json.dumps(waited))
    assert all(run_backup(node) for node in rest)
    assert len(stored_backups(server)) == 1


def test_a_failed_upload_is_reported_until_the_member_uploads_again(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    first = min((node for node in nodes if node is not leader(nodes)), key=lambda node: node.name)
    reader = AccessKey("reader", "reader-secret")
    server.add_user(reader)
    server.set_policy(
        json.dumps({
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ["reader"]}, "Action": "s3:ListBucket",
                 "Resource": "arn:aws:s3:::backups"},
            ],
        })
    )  # fmt: skip
    configure(first, server, key=reader)
    assert not run_backup(first)
    assert "AccessDenied" in first.log
    other = next(node for node in nodes if node is not first)
    assert run_backup(other, at_once=True)
    assert run_backup(first)
    assert "etcd_backup_failed 1" in first.paths.backup_metrics.read_text()
    assert "etcd_backup_failed 0" in other.paths.backup_metrics.read_text()
    configure(first, server)
    assert run_backup(first, at_once=True)
    assert "etcd_backup_failed 0" in first.paths.backup_metrics.read_text()


def test_no_other_member_uploads_while_a_long_upload_goes_on(
    lab: Lab, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = bootstrap(lab, server)
    first, second = sorted((node for node in nodes if node is not leader(nodes)), key=lambda one: one.name)
    assert run_backup(second)
    waited = json.loads(second.paths.no_backup.read_text()) - 35
    second.paths.no_backup.write_text(json.dumps(waited))
    slow = first.paths.program("etcdctl")
    slow.unlink()
    slow.write_text(f'#!/bin/sh\nsleep 6; exec {lab.binaries}/etcdctl "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setattr(upload_lock, "LEASE_SECONDS", 2)
    settings = read_settings(first.paths.etc / "prepare_cluster.json")
    backups = read_backup_settings(first.paths.backup)
    assert backups is not None
    uploading = threading.Thread(target=backup.back_up, args=(settings, first.paths, backups))
    uploading.start()
    eventually("it has begun", first.paths.staging.exists)
    while uploading.is_alive():
        assert run_backup(second)
        assert not second.paths.staging.exists()
    uploading.join()
    assert run_backup(second)
    (only,) = stored_backups(server)
    assert f"backup {only.snapshot.name}" not in second.log


def test_the_bucket_is_not_listed_before_a_backup_can_be_due(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1)
    assert run_backup(node)
    server.stop()
    assert run_timer(node)
    assert not run_backup(node)
    assert "Connection refused" in node.log


def test_the_next_backup_is_taken_when_the_interval_is_over(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=600)
    assert run_backup(node)
    assert run_backup(node)
    (backup,) = stored_backups(server)
    uploaded = time.time() - 601
    os.utime(server.folder / "backups" / backup.key, (uploaded, uploaded))
    eventually("the next backup", lambda: run_backup(node) and len(stored_backups(server)) == 2)


def test_a_backup_at_once_is_taken_by_any_member(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    assert all(run_backup(node, at_once=True) for node in nodes)
    assert len(stored_backups(server)) == 3


def test_old_backups_go_but_the_best_and_other_objects_stay(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=1, retention=100)
    assert run_backup(node, at_once=True)
    (good,) = stored_backups(server)
    folder = server.folder / "backups" / PREFIX
    old = replace(good.snapshot, taken="20200101T000000Z", revision=1)
    more = replace(good.snapshot, taken="20200101T000001Z", revision=1_000_000)
    other = replace(good.snapshot, taken="20200101T000002Z", cluster="cluster-2")
    for name in (old.name, more.name, other.name, "notes.txt"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (1_577_836_800, 1_577_836_800))
    assert run_backup(node, at_once=True)
    names = {key.removeprefix(PREFIX) for key in server.names()}
    assert old.name not in names
    assert {more.name, other.name, "notes.txt", good.snapshot.name} < names
    assert "this backup has less than" in node.log


def test_with_the_documented_policy_members_write_and_cannot_delete(lab: Lab, server: ObjectServer) -> None:
    docs = (Path(__file__).parents[2] / "docs/backup.md").read_text()
    found_policy = re.search(r'^    (\{"Version".*?\]\})$', docs, re.MULTILINE | re.DOTALL)
    assert found_policy is not None
    droplets = AccessKey("droplets", "droplets-secret")
    server.add_user(droplets)
    server.set_policy(
        found_policy[1].replace("my-etcd-backups", "backups").replace("<droplets' user>", droplets.id)
    )
    (node,) = bootstrap(lab, server, size=1, interval=1, retention=100)
    assert run_backup(node, at_once=True)
    (good,) = stored_backups(server)
    old = (
        server.folder / "backups" / PREFIX / replace(good.snapshot, taken="20200101T000000Z", revision=1).name
    )
    old.write_bytes(b"x")
    os.utime(old, (1_577_836_800, 1_577_836_800))
    configure(node, server, key=droplets, interval=1, retention=100)
    assert run_backup(node, at_once=True)
    assert old.exists()
    assert "this member may not delete old backups: set a lifecycle rule" in node.log
    assert len(stored_backups(server)) == 3


def test_an_upload_that_is_killed_leaves_no_backup(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1)
    value = os.urandom(60_000).hex()
    for number in range(40):
        assert node.etcdctl("put", f"key-{number}", value[number:]).returncode == 0
    node.paths.next_backup.unlink(missing_ok=True)
    process = subprocess.Popen(node._command("backup"), env=node._environment())
    eventually("it has begun", node.paths.staging.exists)
    process.kill()
    process.wait()
    assert stored_backups(server) == []
    # Its lease ends by itself.
    eventually("the next backup", lambda: run_backup(node) and len(stored_backups(server)) == 1, seconds=90)
    assert not node.paths.staging.exists()


def test_an_upload_that_arrived_incomplete_is_deleted(
    lab: Lab, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (node,) = bootstrap(lab, server, size=1)
    settings = read_settings(node.paths.settings)
    backups = read_backup_settings(node.paths.backup)
    assert backups is not None
    # The size that the server tells, and how many backups are there then. A negative one is unknown.
    for size, left in ((1, 0), (-1, 1)):
        monkeypatch.setattr(backup.Bucket, "size", lambda *_, size=size: size)
        assert not backup.back_up(settings, node.paths, backups, at_once=True)
        assert len(stored_backups(server)) == left


def test_metrics_are_served_without_tools_and_without_a_quorum(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    tools = [nodes[0].paths.program(tool) for tool in ("etcdctl", "etcdutl")]
    for tool in tools:
        tool.unlink()
    assert run_backup(nodes[0])
    metrics = nodes[0].paths.backup_metrics.read_text()
    assert "etcd_backup_interval_seconds 60" in metrics
    assert "etcd_backup_failed 1" in metrics
    configure(nodes[0], server)
    for node in nodes[1:]:
        node.power_off()
    assert run_backup(nodes[0])
    metrics = nodes[0].paths.backup_metrics.read_text()
    assert "etcd_backup_interval_seconds 60" in metrics
    # Nothing has shown since then that backups go well.
    assert "etcd_backup_failed 1" in metrics
    assert "newest" not in metrics
    nodes[0].paths.backup_metrics.unlink()
    assert run_backup(nodes[0])
    assert "etcd_backup_failed 0" in nodes[0].paths.backup_metrics.read_text()


def test_a_refusal_of_etcd_is_a_failed_backup(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1)
    for command in ("user add root:secret", "user grant-role root root", "auth enable"):
        assert node.etcdctl(*command.split()).returncode == 0
    assert not run_backup(node)
    assert "etcd_backup_failed 1" in node.paths.backup_metrics.read_text()
    assert "this member's etcd refuses to say whose turn it is" in node.log
    assert "CommonName of client" in node.log


def test_a_disk_with_too_little_room_is_reported_and_not_filled(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1)
    node.paths.staging.mkdir(parents=True)
    small = node.paths.staging.parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64M", "tmpfs", small], check=True)
    try:
        assert not run_backup(node)
    finally:
        subprocess.run(["umount", small], check=True)
    assert "MiB free: a snapshot and its compressed copy need" in node.log
    assert run_backup(node)
    assert len(stored_backups(server)) == 1


def test_a_full_disk_is_reported_to_prometheus(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1)
    disks = (node.paths.metrics, node.paths.staging.parent)
    for disk in disks:
        disk.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320M", "tmpfs", disk], check=True)
    try:
        assert run_backup(node)
        assert "etcd_backup_failed 0" in node.paths.backup_metrics.read_text()
        for disk in disks:
            subprocess.run(["fallocate", "-l", "320M", disk / "filling"], capture_output=True, check=False)
            subprocess.run(["dd", "if=/dev/zero", f"of={disk}/rest"], capture_output=True, check=False)
        assert not run_backup(node, at_once=True)
        assert "etcd_backup_failed 1" in node.paths.backup_metrics.read_text()
    finally:
        for disk in disks:
            subprocess.run(["umount", disk], check=True)


def test_a_member_without_a_quorum_takes_no_backup(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server)
    for node in nodes[1:]:
        node.power_off()
    assert run_backup(nodes[0])
    assert not run_backup(nodes[0], at_once=True)
    assert "backup failed: this member's etcd is not ready" in nodes[0].log
    assert stored_backups(server) == []


def test_a_damaged_snapshot_is_rejected(lab: Lab, tmp_path: Path) -> None:
    (node,) = lab.bootstrap(1)
    raw = tmp_path / "raw"
    assert node.etcdctl("snapshot", "save", str(raw)).returncode == 0
    compress(raw, tmp_path / "packed")
    content = bytearray(raw.read_bytes())
    content[9000] ^= 1
    raw.write_bytes(content)
    with pytest.raises(SnapshotError, match="damaged"):
        compress(raw, tmp_path / "packed")


def test_backups_are_off_without_the_settings_file(tmp_path: Path) -> None:
    assert read_backup_settings(tmp_path / "backup.json") is None


class ProgramRun:
    """The program's requests to a member before it changes members."""

    def __init__(self, node: Node) -> None:
        self.leases = MemberAdmin(node.name, node.name, tls_texts(node.paths.etc))

    def request(self, length: int = 700) -> None:
        asyncio.run(self.leases.revoke_lease(REQUEST_LEASE))
        asyncio.run(self.leases.grant_lease(REQUEST_LEASE, length))

    def waits(self) -> bool:
        return asyncio.run(self.leases.has_lease(REQUEST_LEASE))

    def confirmed(self, length: int = 700) -> bool:
        return asyncio.run(self.leases.has_lease(confirmation_lease(length)))


def run_timer(node: Node) -> bool:
    """Run what the timer starts at its usual time. Returns whether it did not fail."""
    try:
        if backup_is_due(read_settings(node.paths.etc / "prepare_cluster.json"), node.paths):
            node.step("backup")
    except subprocess.CalledProcessError:
        return False
    return True


def test_a_requested_backup_is_taken_by_one_member_and_confirmed(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server, interval=3600)
    assert all(run_backup(node) for node in nodes)
    (before,) = stored_backups(server)
    assert nodes[0].etcdctl("put", "key", "written later").returncode == 0
    assert all(run_timer(node) for node in nodes)
    assert stored_backups(server) == [before]
    run = ProgramRun(nodes[0])
    run.request()
    assert all(run_timer(node) for node in [*nodes, *nodes])
    assert run.confirmed()
    assert not run.waits()
    (asked,) = [backup for backup in stored_backups(server) if backup != before]
    assert asked.snapshot.revision > before.snapshot.revision
    assert len(stored_backups(server)) == 2
    assert not run.confirmed(701)


def test_a_requested_backup_is_not_confirmed_while_uploads_fail(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=3600)
    assert run_backup(node)
    told = re.findall("newest.*", node.paths.backup_metrics.read_text())
    configure(node, server, key=AccessKey("owner", "revoked"), interval=3600)
    run = ProgramRun(node)
    run.request()
    assert not run_timer(node)
    assert run.waits()
    assert not run.confirmed()
    # The age of the last backup is still served, and grows.
    assert re.findall("newest.*", node.paths.backup_metrics.read_text()) == told
    assert len(told) == 6
    configure(node, server, interval=3600)
    assert run_timer(node)
    assert run.confirmed()
    assert len(stored_backups(server)) == 2


def test_another_member_carries_out_a_request_that_the_first_cannot(
    lab: Lab, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = bootstrap(lab, server, interval=3600)
    assert all(run_backup(node) for node in nodes)
    first, second = sorted((node for node in nodes if node is not leader(nodes)), key=lambda one: one.name)
    configure(first, server, key=AccessKey("owner", "revoked"), interval=3600)
    run = ProgramRun(nodes[0])
    run.request()
    assert not run_timer(first)
    assert run_timer(second)
    assert not run.confirmed()
    # As if the request had waited for two minutes.
    request = pending_request(TlsClient(second.paths.etc), MemberAddress(second.name, second.name))
    assert request is not None
    monkeypatch.setattr(backup, "pending_request", lambda *_: replace(request, age=REQUEST_GRACE))
    settings = read_settings(second.paths.etc / "prepare_cluster.json")
    backups = read_backup_settings(second.paths.backup)
    assert backups is not None
    assert backup.back_up(settings, second.paths, backups)
    assert run.confirmed()
    assert not run.waits()


def go_down(*nodes: Node) -> None:
    """Do what members do while their machines shut down at the same time."""
    threads = [threading.Thread(target=node.step, args=("last-backup",)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_members_that_are_destroyed_leave_one_last_backup(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server, interval=3600)
    nodes[0].etcdctl("put", "colour", "blue")
    go_down(nodes[0])
    assert not stored_backups(server), "the cluster is only changed"
    lab.api.tags.remove("etcd-test-up")
    go_down(nodes[1], nodes[2])
    assert len(stored_backups(server)) == 1
    go_down(nodes[0])
    assert len(stored_backups(server)) == 1
    assert "another member has taken it" in nodes[0].log


def test_what_was_written_since_a_last_backup_is_in_the_next_one(lab: Lab, server: ObjectServer) -> None:
    nodes = bootstrap(lab, server, interval=3600)
    lab.api.tags.remove("etcd-test-up")
    go_down(nodes[1])
    nodes[0].etcdctl("put", "colour", "green")
    go_down(nodes[0])
    first, second = sorted(stored_backups(server), key=lambda one: one.snapshot.revision)
    assert first.snapshot.revision < second.snapshot.revision


def test_a_full_database_has_a_last_backup(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=3600)
    lab.api.tags.remove("etcd-test-up")
    member = TlsClient(node.paths.etc)
    status = member.call_gateway(MemberAddress(node.name, node.name), "/v3/maintenance/status", {}).json()
    alarm = {"action": "ACTIVATE", "memberID": status["header"]["member_id"], "alarm": "NOSPACE"}
    member.call_gateway(MemberAddress(node.name, node.name), "/v3/maintenance/alarm", alarm)
    go_down(node)
    assert len(stored_backups(server)) == 1
    assert "no last backup" not in node.log


@pytest.mark.parametrize("step", ["backup", "last-backup"])
def test_a_backup_that_systemd_ends_says_so_and_releases_its_lock(
    lab: Lab, server: ObjectServer, step: str
) -> None:
    nodes = bootstrap(lab, server, size=1, interval=3600)
    (node,) = nodes
    lab.api.tags.remove("etcd-test-up")
    slow = node.paths.program("etcdctl")
    slow.unlink()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    process = subprocess.Popen(
        node._command(step), env=node._environment(), stderr=subprocess.PIPE, text=True
    )
    eventually("it has begun", node.paths.staging.exists)
    process.terminate()
    assert process.communicate(timeout=20)[1].endswith("a signal ended this before it was complete\n")
    assert process.returncode == 1
    assert not node.paths.staging.exists()
    slow.unlink()
    configure(node, server)
    with upload_lock.upload_lock(TlsClient(node.paths.etc), MemberAddress(node.name, node.name)) as locked:
        assert locked


def test_a_member_that_cannot_take_the_last_backup_says_why(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=3600)
    lab.api.tags.remove("etcd-test-up")
    server.stop()
    go_down(node)
    assert "the cluster is being destroyed: taking a last backup" in node.log
    assert "backup failed: " in node.log


def test_no_last_backup_is_taken_while_the_markers_are_unknown(lab: Lab, server: ObjectServer) -> None:
    (node,) = bootstrap(lab, server, size=1, interval=3600)
    lab.api.faults.append(Fault(500, times=1000))
    lab.api.tags.clear()
    go_down(node)
    # It tries once a second.
    tries = node.log.count("cannot read whether the cluster is being destroyed")
    assert 1 <= tries <= DECISION_SECONDS + 1
    assert not stored_backups(server)
    assert "no last backup: after 8 s" in node.log
    assert "cannot read whether the cluster is being destroyed" in node.log
