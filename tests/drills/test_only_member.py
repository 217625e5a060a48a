"""The only member of a cluster, whose data is on its droplet's own disk: docs/recovery.md, The only member."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.tokens import BACKUP_BUCKET
from testbed.cluster import wait_for
from tests.drills.drill import Drill, Losses
from tests.drills.runbook import command, commands, done, printed, tried

MEMBER = "etcd-server-1.only.example.test"
CORRUPT = (
    "head -c 65536 /dev/urandom > /var/lib/etcd/data/member/snap/db && systemctl restart --no-block etcd"
)
REJOIN = "python3 -ES /etc/etcd/prepare_cluster.py recover rejoin"


@pytest.fixture
def only(cloud: LocalCloud, losses: Losses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    settings = {"domain": "only.example.test", "size": 1, "volumeSize": 0, "backupInterval": "1h"}
    made = Drill(cloud, tmp_path_factory.mktemp("only"), losses, stack="only", **settings)
    made.up()
    yield made
    made.destroy()
    # The other drills take each backup in the bucket for one of theirs.
    for folder in (cloud.layout.objects / "buckets" / BACKUP_BUCKET).glob("etcd-etcd-only*"):
        shutil.rmtree(folder)


def test_damaged_data_of_the_only_member_comes_back_from_a_backup(only: Drill) -> None:
    only.write("saved")
    assert only.back_up(MEMBER).returncode == 0
    # The member may have taken its first one by itself as well.
    backup = only.backups()[-1]
    droplets = only.droplets()
    only.on(MEMBER, CORRUPT)

    look, last_words, save = commands("The only member")
    wait_for(lambda: done(only, MEMBER, last_words), lambda said: "panic" in said, "end of etcd")
    assert "etcd.service" in tried(only, MEMBER, look).stdout
    with only.configured(quotaGiB=3, healthTimeoutSeconds=10):
        assert "docs/recovery.md, The only member" in only.fail()
    assert only.droplets() == droplets
    assert "Nothing has been changed" in tried(only, MEMBER, REJOIN).stdout

    done(only, MEMBER, save)
    proposed = done(only, MEMBER, command("Nothing left", "from-backup NAME", NAME=backup.snapshot.name))
    done(only, MEMBER, printed(proposed))
    only.wait_healthy()
    only.count_losses()

    only.configure(size=3)
    only.up()
    only.count_losses()
    assert only.droplets()[MEMBER] == droplets[MEMBER]
