"""Defragmentation under load, a full database, a full volume and a read-only one, on real machines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testbed.agent import Agent
from testbed.cluster import UP_LIMIT, wait_for
from tests.drills.drill import MEMBERS, Drill, Losses

MIB = 1 << 20
MEGABYTE = 10**6
RUNBOOK = Path(__file__).parents[2] / "docs/monitoring.md"
SETTINGS = "/etc/etcd/prepare_cluster.json"
TURNS = 5


@contextmanager
def defragmenting_from(drill: Drill, freed: int) -> Generator[None]:
    """Let members defragment for less than the default 100 MiB."""
    for member in MEMBERS:
        drill.on(
            member,
            f"cp -p {SETTINGS} {SETTINGS}.usual && sed -i '1s/{{/{{\"defragment_bytes\": {freed}, /' {SETTINGS}",
        )
    try:
        yield
    finally:
        for member in MEMBERS:
            drill.on(member, f"mv {SETTINGS}.usual {SETTINGS}")


def fill(drill: Drill, megabytes: int) -> str:
    """Write values of 200 kB until one is refused. Return the refusal."""
    value = 'head -c 200000 /dev/zero | tr "\\0" x'
    script = f"for n in $(seq {megabytes * 5}); do {value} | etcdctl put /full/$n >/dev/null || exit 1; done"
    return drill.run("sh", "-c", script).stdout


def test_members_defragment_while_values_are_written_and_no_write_fails(
    drill: Drill, losses: Losses, tmp_path: Path
) -> None:
    assert fill(drill, 40) == ""
    drill.etcdctl("del", "--prefix", "/full/")
    drill.etcdctl("compact", "--physical", str(drill.revision()))
    drill.save_bundle(tmp_path)
    names = [f"{name}.example.test" for name in MEMBERS]
    with (
        defragmenting_from(drill, 16 * MIB),
        Agent(drill.cloud, "tests.lifecycle.writing", str(tmp_path), "/during", *names) as writer,
    ):
        before = drill.statuses()
        assert all(status["dbSize"] > 40 * MEGABYTE for status in before.values())
        writer.order("mark")
        time.sleep(1)
        for member in before:
            # bbolt frees pages in the commits that follow a compaction.
            wait_for(
                lambda member=member: drill.statuses()[member],
                lambda status: status["dbSizeInUse"] < status["dbSize"] // 2,
                "free half of the database",
            )
        # A member postpones its turn while another is too busy to answer, until the next timer.
        for _ in range(TURNS):
            for member in before:
                drill.on(member, "systemctl start etcd-defragment.service")
            if all_smaller(drill.statuses(), before):
                break
        time.sleep(1)
        report = writer.order("report")
        lacking: dict[str, list[int]] = writer.order("verify", first=1)
    lost = {number for numbers in lacking.values() for number in numbers}
    losses.lost += len(lost)
    assert not lost
    assert report["acknowledged"] > 0
    assert report["failed"] == 0
    after = drill.statuses()
    assert all_smaller(after, before)
    # The leader was defragmented last, and stayed the leader.
    assert list(after) == list(before)
    drill.count_losses()


def all_smaller(after: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether every database has less than half of its earlier size."""
    return all(after[member]["dbSize"] < before[member]["dbSize"] // 2 for member in MEMBERS)


def test_the_runbook_repairs_a_database_that_is_full_of_keys(drill: Drill) -> None:
    entry = RUNBOOK.read_text(encoding="utf-8").split("### EtcdNoSpace\n")[1].split("\n### ")[0]
    give_back = "\n".join(re.findall(r"^    (\S.+)$", entry, re.MULTILINE))
    (larger,) = re.findall(r"^       (sed .+)$", entry, re.MULTILINE)
    droplets = [drill.droplet_id(f"{name}.example.test") for name in MEMBERS]
    give_quota(drill, larger.replace("4294967296", str(24 * MIB)))
    try:
        assert "database space exceeded" in fill(drill, 40)
        assert "NOSPACE" in drill.etcdctl("alarm", "list")
        drill.configure(quotaGiB=4, healthTimeoutSeconds=15)
        refused = drill.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
        assert refused.returncode != 0
        assert "NOSPACE" in refused.stdout
        assert [drill.droplet_id(f"{name}.example.test") for name in MEMBERS] == droplets
        done = drill.run("bash", "-euo", "pipefail", "-c", give_back)
        assert done.returncode == 0, done.stdout
        assert "database space exceeded" in fill(drill, 40)
    finally:
        give_quota(drill, larger)
        drill.etcdctl("alarm", "disarm")
        drill.configure(healthTimeoutSeconds=None)
    drill.wait_healthy()
    drill.write("with-room")
    drill.up()
    settings = json.loads(drill.on(MEMBERS[2], f"cat {SETTINGS}"))
    assert settings["quota_bytes"] == 4 << 30
    drill.count_losses()
    drill.etcdctl("del", "--prefix", "/full/")


def give_quota(drill: Drill, command: str) -> None:
    """Change the quota on one member after the other, as the runbook describes."""
    for member in MEMBERS:
        drill.on(member, command)
        wait_for(
            # A member tells its status without a leader, too. A read passes under the alarm.
            lambda: drill.run("sh", "-c", "etcdctl endpoint status && etcdctl get nothing"),
            lambda result: result.returncode == 0,
            "answer of every member",
        )


def test_a_read_only_file_system_is_checked_and_mounted_again(drill: Drill) -> None:
    drill.write("before-the-error")
    number = drill.on(MEMBERS[1], "mountpoint -d /var/lib/etcd").strip().partition(":")[2]
    Path(f"/sys/fs/ext4/loop{number}/trigger_fs_error").write_text("1")
    assert "Read-only" in drill.on(MEMBERS[1], "touch /var/lib/etcd/new 2>&1 || true")
    repaired = wait_for(
        lambda: drill.on(MEMBERS[1], "systemctl reload etcd-reconcile; journalctl -u preparecluster -n 20"),
        lambda log: "starting etcd with it" in log.partition("unmounting /var/lib/etcd")[2],
        "repaired file system",
    )
    assert "file system with errors, check forced" in repaired
    drill.wait_healthy()
    drill.on(MEMBERS[1], "touch /var/lib/etcd/new && rm /var/lib/etcd/new")
    drill.count_losses()


def wait_for_reserve(drill: Drill, volume: str) -> None:
    wait_for(
        lambda: drill.on(MEMBERS[1], f"systemctl reload etcd-reconcile; ls {volume}"),
        lambda there: "reserve" in there.split(),
        "reserve",
    )


def test_etcd_starts_again_on_a_full_volume(drill: Drill) -> None:
    volume, junk = "/var/lib/etcd", "/var/lib/etcd/data/junk"
    wait_for_reserve(drill, volume)
    as_etcd = "setpriv --reuid=etcd --regid=etcd --clear-groups"
    free = f"$(($(df --output=avail -B1M {volume} | tail -1) - 64))M"
    drill.on(
        MEMBERS[1],
        f"{as_etcd} fallocate -l {free} {junk}; {as_etcd} dd if=/dev/zero of={junk}2 bs=64k || true",
    )
    try:
        drill.on(MEMBERS[1], f"systemctl restart etcd && ! test -e {volume}/reserve")
        drill.wait_healthy()
        assert re.search(r"the data volume has only \d+ MiB free", drill.journal(MEMBERS[1]))
        drill.write("on-a-full-volume")
    finally:
        drill.on(MEMBERS[1], f"rm {junk}*")
    wait_for_reserve(drill, volume)
    drill.wait_healthy()
    drill.count_losses()
