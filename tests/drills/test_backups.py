"""Backups every minute under faults: no good backup is lost, and a failure is reported."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from etcd_node.host.settings import Paths

from localcloud.machines.object_store import ObjectStore
from localcloud.tokens import BACKUP_KEYS
from localcloud.toolchain.object_store import ensure_object_store
from testbed.agent import Agent
from testbed.cluster import BACKUP_ENDED, UP_LIMIT, wait_for
from tests.drills.drill import MEMBERS, START, STOP, Drill, Losses


@pytest.fixture(scope="module", autouse=True)
def writer(drill: Drill, losses: Losses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Write numbered values through all members during a fault. Afterwards every member has all of them."""
    bundle = tmp_path_factory.mktemp("writer")
    drill.save_bundle(bundle)
    names = [f"{name}.example.test" for name in MEMBERS]
    with Agent(drill.cloud, "tests.lifecycle.writing", str(bundle), "/numbered", *names) as agent:
        agent.order("mark")
        yield
        drill.wait_healthy()
        written = agent.order("report")
        lacking: dict[str, list[int]] = agent.order("verify", first=1)
    lost = set().union(*lacking.values())
    losses.lost += len(lost)
    assert written["acknowledged"] > 0
    assert not lost


def test_one_member_backs_up_every_minute_while_values_are_written(drill: Drill) -> None:
    drill.write("minutes")
    before, leadership = drill.backups(), drill.leadership()
    first = drill.wait_for_backup(before)
    drill.write("more")
    second = drill.wait_for_backup([*before, first])
    assert 50 < second.modified - first.modified < 130
    assert second.snapshot.revision >= first.snapshot.revision + 40
    assert drill.uploader(first) == drill.uploader(second) or drill.leadership() != leadership
    assert drill.cloud.status().backup.startswith("newest backup: ")
    drill.count_losses()


def test_another_member_takes_over_when_the_uploader_is_down(drill: Drill) -> None:
    before = drill.backups()
    down = drill.uploader(before[-1])
    drill.on(down, STOP)
    try:
        drill.write("takeover")
        assert drill.uploader(drill.wait_for_backup(before)) != down
    finally:
        drill.on(down, START)
        drill.wait_healthy()
    drill.keeps(before)


def test_an_unreachable_bucket_is_reported_and_the_next_backup_succeeds(drill: Drill) -> None:
    before = drill.backups()
    store = ObjectStore(drill.cloud.layout)
    store.stop()
    try:
        refused = drill.back_up(MEMBERS[0])
        assert refused.returncode == 1
        assert "backup failed: https://203.0.113.1:8083: Connection refused" in refused.stdout
    finally:
        store.ensure(ensure_object_store())
    drill.keeps(before)
    assert drill.back_up(MEMBERS[0]).returncode == 0
    assert len(drill.backups()) > len(before)


def test_revoked_keys_are_reported_and_the_next_backup_succeeds(drill: Drill) -> None:
    before = drill.backups()
    store, server = ObjectStore(drill.cloud.layout), ensure_object_store()
    access, secret = BACKUP_KEYS
    store.set_secret(server, access, "another-secret")
    try:
        refused = drill.back_up(MEMBERS[0])
        assert refused.returncode == 1
        assert "SignatureDoesNotMatch" in refused.stdout
        assert secret not in refused.stdout
    finally:
        store.set_secret(server, access, secret)
    drill.keeps(before)
    assert drill.back_up(MEMBERS[0]).returncode == 0


def test_a_full_disk_is_reported_and_another_member_takes_the_backups(drill: Drill) -> None:
    before = drill.backups()
    first, *_ = drill.statuses()
    tells = f"cat {Paths().backup_metrics}"
    drill.on(first, "mount -t tmpfs -o size=64M tmpfs /var/cache")
    try:
        every(drill, 5)
        told = "MiB free: a snapshot and its compressed copy need"
        wait_for(
            lambda: drill.journal(first, "etcd-backup"), lambda log: told in log, "report of the full disk"
        )
        assert drill.uploader(drill.wait_for_backup(before)) != first
        every(drill, 60)
        # It is not this member's turn, so nothing fails.
        drill.on(first, f"{BACKUP_ENDED}; systemctl start etcd-backup.service")
        assert "etcd_backup_failed 1" in drill.on(first, tells)
    finally:
        every(drill, 60)
        drill.on(first, "umount /var/cache")
    drill.keeps(before)
    assert drill.back_up(first).returncode == 0
    assert "etcd_backup_failed 0" in drill.on(first, tells)


def every(drill: Drill, seconds: int) -> None:
    """Set another interval and let the timers notice it at once."""
    number = f's/"interval": [0-9]*/"interval": {seconds}/'
    for member in MEMBERS:
        drill.on(member, f"sed -i '{number}' /etc/etcd/backup.json; rm -f /run/etcd/backup.next")


def test_an_uploader_killed_in_the_middle_leaves_no_partial_backup(drill: Drill) -> None:
    drill.fill(megabytes=12)
    before = drill.backups()
    # The snapshot is deleted when its compressed copy is complete and the upload begins.
    killed = drill.on(
        MEMBERS[0],
        "systemctl stop etcd-reconcile; cd /var/cache; mkdir -p etcd-backup\n"
        "systemd-run --quiet --collect --unit=killed python3 -ES /etc/etcd/prepare_cluster.py backup-now\n"
        "uploader=$(systemctl show --property=MainPID --value killed)\n"
        "until [ -e etcd-backup/snapshot.db ]; do :; done; while [ -e etcd-backup/snapshot.db ]; do :; done\n"
        "kill -KILL $uploader && echo killed; systemctl start etcd-reconcile",
    )
    assert killed.endswith("killed\n")
    drill.keeps(before)
    for backup in drill.backups():
        assert drill.sha256(backup) == backup.snapshot.sha256
    assert drill.back_up(MEMBERS[0]).returncode == 0
    assert drill.on(MEMBERS[0], "ls -A /var/cache/etcd-backup 2>/dev/null || true") == ""


def test_members_leave_only_after_a_requested_backup(drill: Drill) -> None:
    drill.write("leaving")
    members, revision = drill.etcdctl("member", "list"), drill.revision()
    droplets = [drill.droplet_id(f"{name}.example.test") for name in MEMBERS]
    store = ObjectStore(drill.cloud.layout)
    store.stop()
    drill.configure(size=1, healthTimeoutSeconds=20)
    try:
        refused = drill.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    finally:
        store.ensure(ensure_object_store())
    assert refused.returncode != 0
    assert "Before members leave: no backup was confirmed within 20 s" in refused.stdout
    assert drill.etcdctl("member", "list") == members
    assert [drill.droplet_id(f"{name}.example.test") for name in MEMBERS] == droplets
    drill.configure(healthTimeoutSeconds=120)
    started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    before = drill.backups()
    said = drill.up()
    confirmed = said.index("Before members leave: the backup is in the bucket")
    assert said.index("the members take a backup first") < confirmed < said.index("leaves the cluster")
    taken = [backup.snapshot for backup in drill.backups() if backup not in before]
    # A scheduled backup may be new as well, and older.
    assert any(snapshot.taken >= started and snapshot.revision >= revision for snapshot in taken)
    drill.configure(size=3)
    drill.up()
    drill.keeps(before)
    drill.count_losses()
