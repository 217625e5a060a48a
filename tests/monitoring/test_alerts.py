"""Each fault of the cluster fires its alert, and the repair clears it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from etcd_node.host.settings import Paths

from localcloud.cli.main import BACKUP_NOW
from localcloud.machines.object_store import ObjectStore
from localcloud.tokens import BACKUP_KEYS
from localcloud.toolchain.object_store import ensure_object_store
from testbed.cluster import BACKUP_ENDED, Cluster, wait_for
from tests.localcloud.machines.host_state import listening
from tests.monitoring.watch import PATIENCE, Watch

MEMBERS = ("etcd-server-1", "etcd-server-2", "etcd-server-3")
MIB = 1 << 20


def statuses(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Each member's status by the first label of its name."""
    answers = json.loads(cluster.etcdctl("endpoint", "status", "-w", "json"))
    return {one["Endpoint"].split("//")[1].split(".")[0]: one["Status"] for one in answers}


def follower(cluster: Cluster) -> str:
    return next(
        name
        for name, status in statuses(cluster).items()
        if status["leader"] != status["header"]["member_id"]
    )


def leadership_moves(cluster: Cluster) -> bool:
    """Whether the leadership moved to a follower."""
    successor = statuses(cluster)[follower(cluster)]["header"]["member_id"]
    return cluster.run("etcdctl", "move-leader", f"{successor:x}").returncode == 0


@contextmanager
def stopped(cluster: Cluster, unit: str, *members: str) -> Iterator[None]:
    for member in members:
        cluster.on(member, f"systemctl stop {unit}")
    try:
        yield
    finally:
        for member in members:
            cluster.on(member, f"systemctl start {unit}")


def test_prometheus_is_reached_from_this_machines_loopback_alone(cluster: Cluster, watch: Watch) -> None:
    assert listening(cluster.cloud) == {watch.url.removeprefix("http://")}
    assert watch.url.startswith("http://127.0.0.1:")


def test_certificates_that_end_soon_fire_an_alert_until_they_are_renewed(
    cluster: Cluster, watch: Watch
) -> None:
    wait_for(watch.up, lambda answering: answering == 6, "answer of every target")
    watch.wait_firing("EtcdCertificateEndsSoon", *MEMBERS)
    cluster.configure(certificateValidityHours=None, certificateRenewalHours=None)
    cluster.up()
    # The client's certificate has changed, too.
    assert watch.renew() == watch.url
    watch.wait_clear("EtcdCertificateEndsSoon")


def test_a_healthy_cluster_is_silent(watch: Watch) -> None:
    # The replacements moved the leadership, and new members get etcd's tools after etcd.
    wait_for(watch.firing, lambda found: not found, "silence", PATIENCE)


def test_a_member_that_is_down_fires_alerts_but_not_that_of_a_lost_quorum(
    cluster: Cluster, watch: Watch
) -> None:
    with stopped(cluster, "etcd", "etcd-server-3"):
        watch.wait_firing("EtcdMemberDown", "etcd-server-3")
        watch.wait_firing("EtcdDoesNotRun", "etcd-server-3")
        assert "EtcdQuorumLost" not in watch.firing()
    watch.wait_clear("EtcdMemberDown", "EtcdDoesNotRun")


def test_a_lost_quorum_fires_alerts_until_the_members_are_back(cluster: Cluster, watch: Watch) -> None:
    with stopped(cluster, "etcd", "etcd-server-2", "etcd-server-3"):
        watch.wait_firing("EtcdQuorumLost")
        watch.wait_firing("EtcdNoLeader", "etcd-server-1")
    watch.wait_clear("EtcdQuorumLost", "EtcdNoLeader", "EtcdMemberDown")
    cluster.wait_healthy()


def test_a_member_that_is_no_target_fires_an_alert(cluster: Cluster, watch: Watch) -> None:
    add = ("etcdctl", "member", "add", "m4", "--learner", "--peer-urls=https://m4:2380", "-w", "json")
    # etcd refuses an addition until its members have been connected for 5 s.
    added = wait_for(lambda: cluster.run(*add), lambda command: command.returncode == 0, "learner")
    try:
        watch.wait_firing("EtcdTargetsOutdated")
    finally:
        cluster.etcdctl("member", "remove", f"{json.loads(added.stdout)['member']['ID']:x}")
    watch.wait_clear("EtcdTargetsOutdated")


def test_a_leader_that_changes_often_fires_an_alert(cluster: Cluster, watch: Watch) -> None:
    for _ in range(6):
        wait_for(lambda: leadership_moves(cluster), bool, "new leader")
        time.sleep(2)
    watch.wait_firing("EtcdManyLeaderChanges")
    watch.wait_clear("EtcdManyLeaderChanges")


def test_a_disk_that_syncs_slowly_fires_alerts_of_its_member(cluster: Cluster, watch: Watch) -> None:
    slow = follower(cluster)
    delay = "inject=fdatasync:delay_exit=1200000"
    writing = "while :; do etcdctl put /watched x >/dev/null; sleep 0.05; done"
    writer = cluster.cloud.begin(["sh", "-c", writing], cwd=cluster.folder)
    try:
        tracer = subprocess.Popen(
            [
                "strace",
                "-f",
                "-q",
                "-o",
                "/dev/null",
                "-e",
                "trace=fdatasync",
                "-e",
                delay,
                "-p",
                etcd_of(cluster, slow),
            ]
        )
        try:
            watch.wait_firing("EtcdSlowFsync", slow)
            watch.wait_firing("EtcdSlowCommit", slow)
        finally:
            tracer.terminate()
            tracer.wait(30)
        watch.wait_clear("EtcdSlowFsync", "EtcdSlowCommit")
    finally:
        writer.kill()
    cluster.wait_healthy()


def etcd_of(cluster: Cluster, member: str) -> str:
    """The process id of a member's etcd on the host."""
    (found,) = cluster.cloud.machine(member).unit("etcd.service").processes()
    return str(found)


def test_a_full_database_fires_alerts_until_the_runbook_is_followed(cluster: Cluster, watch: Watch) -> None:
    quota(cluster, 24 * MIB)
    try:
        fill = 'head -c 1000000 /dev/zero | tr "\\0" x | etcdctl put "/filling/$((n % 4))" >/dev/null'
        cluster.run("sh", "-c", f"n=0; while [ $n -lt 20 ]; do {fill}; n=$((n + 1)); done")
        watch.wait_firing("EtcdDatabaseNearQuota", *MEMBERS)
        cluster.run("sh", "-c", f"n=0; while [ $n -lt 20 ]; do {fill} || exit 0; n=$((n + 1)); done")
        watch.wait_firing("EtcdNoSpace")
        revision = max(status["header"]["revision"] for status in statuses(cluster).values())
        cluster.etcdctl("compact", "--physical", str(revision))
        cluster.etcdctl("defrag", "--command-timeout", "60s")
        cluster.etcdctl("alarm", "disarm")
        watch.wait_clear("EtcdNoSpace", "EtcdDatabaseNearQuota")
        cluster.etcdctl("del", "--prefix", "/filling")
    finally:
        quota(cluster, 2 << 30)


def quota(cluster: Cluster, size: int) -> None:
    """Set another quota on one member after the other."""
    for member in MEMBERS:
        cluster.on(
            member,
            f'sed -i \'s/"quota_bytes": [0-9]*/"quota_bytes": {size}/\' /etc/etcd/prepare_cluster.json'
            " && systemctl restart etcd",
        )
        cluster.wait_healthy()


def test_a_corruption_alarm_fires_an_alert_until_it_is_disarmed(cluster: Cluster, watch: Watch) -> None:
    status = statuses(cluster)["etcd-server-1"]
    body = {"action": "ACTIVATE", "memberID": str(status["header"]["member_id"]), "alarm": "CORRUPT"}
    raised = cluster.run(
        "sh", "-c", 'exec curl -sSf --cacert "$ETCDCTL_CACERT" --cert "$ETCDCTL_CERT" --key "$ETCDCTL_KEY" -d "$1" '
        "https://etcd-server-1.example.test:2379/v3/maintenance/alarm", "sh", json.dumps(body),
    )  # fmt: skip
    assert raised.returncode == 0, raised.stdout
    watch.wait_firing("EtcdCorrupt")
    cluster.etcdctl("alarm", "disarm")
    watch.wait_clear("EtcdCorrupt")


def test_a_machine_whose_exporter_does_not_answer_fires_an_alert(cluster: Cluster, watch: Watch) -> None:
    with stopped(cluster, "etcd-exporter.socket", "etcd-server-2"):
        watch.wait_firing("EtcdNodeMetricsMissing", "etcd-server-2")
    watch.wait_clear("EtcdNodeMetricsMissing")


def test_backups_that_stop_fire_alerts_until_they_go_on(cluster: Cluster, watch: Watch) -> None:
    cluster.on(MEMBERS[0], " ".join(BACKUP_NOW))
    store, server = ObjectStore(cluster.cloud.layout), ensure_object_store()
    access, secret = BACKUP_KEYS
    watch.wait_clear("EtcdBackupOld")
    back_up_every(cluster, 20)
    try:
        store.set_secret(server, access, "another-secret")
        try:
            watch.wait_firing("EtcdBackupFails", *MEMBERS)
            watch.wait_firing("EtcdBackupOld")
        finally:
            store.set_secret(server, access, secret)
        back_up_every(cluster, 20)
        watch.wait_clear("EtcdBackupOld", "EtcdBackupFails")
    finally:
        back_up_every(cluster, 60)


def test_backups_that_never_began_fire_an_alert_until_the_first_one(cluster: Cluster, watch: Watch) -> None:
    tools, told = "/usr/local/bin/etcdutl", Paths().backup_metrics
    for member in MEMBERS:
        cluster.on(member, f"mv {tools} {tools}.away")
    try:
        for member in MEMBERS:
            # The state of a new member, which has seen no backup.
            # A backup that began with the tools would write what it has listed.
            cluster.on(
                member,
                f"systemctl stop etcd-reconcile; {BACKUP_ENDED}; "
                f"rm -f {told} /run/etcd/backup.next; systemctl start etcd-backup etcd-reconcile",
            )
        watch.wait_firing("EtcdBackupMissing")
        watch.wait_firing("EtcdBackupFails", *MEMBERS)
    finally:
        for member in MEMBERS:
            cluster.on(member, f"mv {tools}.away {tools}")
    watch.wait_clear("EtcdBackupMissing", "EtcdBackupFails")


def back_up_every(cluster: Cluster, seconds: int) -> None:
    """Set another interval, and check the bucket at the next timer."""
    for member in MEMBERS:
        cluster.on(
            member,
            f'sed -i \'s/"interval": [0-9]*/"interval": {seconds}/\' /etc/etcd/backup.json'
            " && rm -f /run/etcd/backup.next",
        )


def test_prometheus_ends_with_the_local_cloud(cluster: Cluster, watch: Watch) -> None:
    cluster.cloud.stop()
    with pytest.raises(httpx.ConnectError):
        watch.firing()
