"""Restore and recovery, as docs/recovery.md tells it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from localcloud.cloud import LocalCloud
from tests.cluster.cluster import wait_for
from tests.drills.drill import MEMBERS, START, STOP, Drill, Losses

WIPE = "rm -rf /var/lib/etcd/data && mkdir -m 700 /var/lib/etcd/data && chown etcd:etcd /var/lib/etcd/data"


def recover(drill: Drill, member: str, *words: str) -> subprocess.CompletedProcess[str]:
    return drill.cloud.exec(
        member,
        ["python3", "-ES", "/etc/etcd/prepare_cluster_run.py", "recover", *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150,
    )  # fmt: skip


def revision_of(drill: Drill) -> int:
    return drill.revision()


def test_a_recovery_is_refused_while_there_is_a_quorum_unless_told_so_twice(drill: Drill) -> None:
    drill.write("refused")
    before = revision_of(drill)
    name = "20261125T174057Z_r000000012345_k812_v3.6.14_c_ab.db.gz"
    for words in (["alone"], ["from-backup", name]):
        refused = recover(drill, MEMBERS[0], *words)
        assert refused.returncode == 1
        assert "add --even-with-quorum" in refused.stdout
        refused = recover(drill, MEMBERS[0], *words, "--even-with-quorum")
        assert refused.returncode == 1
        assert "--give-up etcd-etcd-local-" in refused.stdout
    assert revision_of(drill) >= before
    drill.count_losses()


def test_one_survivor_keeps_every_value_and_the_others_rejoin_it(drill: Drill) -> None:
    drill.write("survivor")
    for member in MEMBERS[1:]:
        drill.on(member, STOP)
        drill.on(member, WIPE)
    for member in MEMBERS[1:]:
        drill.on(member, START)
    wait_for(
        lambda: drill.journal(MEMBERS[1], "preparecluster"), lambda log: "no quorum to join" in log, "waiting"
    )
    done = recover(drill, MEMBERS[0], "alone")
    assert done.returncode == 0, done.stdout
    drill.wait_healthy()
    wait_for(
        lambda: drill.etcdctl("member", "list"),
        lambda members: members.count(", started,") == members.count(", false") == 3,
        "three members that vote",
    )
    drill.count_losses()
    drill.write("after-the-survivor")


def test_with_nothing_left_every_value_of_the_newest_backup_comes_back(drill: Drill) -> None:
    drill.write("saved")
    assert drill.back_up(MEMBERS[1]).returncode == 0
    name = drill.backups()[-1].snapshot.name
    drill.write("after-the-backup")
    drill.forget(["after-the-backup"])
    for member in MEMBERS:
        drill.on(member, STOP)
        drill.on(member, WIPE)
    for member in MEMBERS:
        done = recover(drill, member, "from-backup", name)
        assert done.returncode == 0, done.stdout
    drill.wait_healthy()
    drill.count_losses()
    assert "/drill/after-the-backup/" not in drill.etcdctl("get", "--prefix", "/drill/")
    before = drill.backups()
    assert drill.back_up(MEMBERS[0]).returncode == 0
    drill.keeps(before)
    assert drill.backups()[-1].snapshot.cluster != before[0].snapshot.cluster


def test_a_new_cluster_begins_with_the_newest_backup_of_another(
    drill: Drill, cloud: LocalCloud, losses: Losses, tmp_path: Path
) -> None:
    drill.write("moved")
    assert drill.back_up(MEMBERS[2]).returncode == 0
    backup = drill.backups()[-1]
    drill.destroy()
    assert backup.key in {one.key for one in drill.backups()}
    # On the same stack, which has no cluster any more.
    drill.configure(restoreFrom="latest")
    drill.up()
    drill.count_losses()
    watched = drill.run("etcdctl", "watch", "/drill/moved/0", f"--rev={backup.snapshot.revision}")
    assert "required revision has been compacted" in watched.stdout
    drill.configure(restoreFrom=backup.key)
    refused = drill.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=240)
    assert refused.returncode != 0
    assert "this stack has a cluster already" in refused.stdout
