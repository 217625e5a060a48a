"""etcd is upgraded by one minor version at a time, under load."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from components.changes.upgrade_rules import newest_release
from components.shared.versions import minor_version
from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import EARLIER_VERSION, VERSIONS, checksum, ensure_mirror
from testbed.cluster import UP_LIMIT, WITHOUT_BACKUPS
from testbed.update import Update
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import changed, replaces

NOWHERE = "3.6.99"
PATIENCE = 60
"""Seconds that a run waits for a member's health: a healthy one has come back before, on a busy machine as well."""

NO_DROPLET = {
    "service": "digitalocean",
    "kind": "status",
    "status": 501,
    "method": "POST",
    "path": "/v2/droplets$",
}
"""A fault with which no droplet is created."""


def test_members_are_upgraded_through_every_minor_version_and_no_other_way(
    cloud: LocalCloud, figures: Figures, control: httpx.Client, tmp_path: Path
) -> None:
    ensure_mirror(cloud.layout.releases, [*VERSIONS, EARLIER_VERSION])
    first, middle, last = VERSIONS
    with Live(
        cloud,
        tmp_path,
        figures,
        "versions",
        domain="versions.example.test",
        version=first,
        releaseSha256=checksum(first),
    ) as cluster:
        created = cluster.droplets()
        known = newest_release(*minor_version(middle))
        refuse(cluster, last, f"Set it to {known} and complete a pulumi up first")
        assert cluster.droplets() == created
        cluster.etcdctl("put", f"written-before-{middle}", "kept")
        cluster.configure(version=middle, releaseSha256=checksum(middle))
        with cluster.case(f"upgrade to {middle}, interrupted at the last member"):
            update = Update(cluster)
            update.begins_one_of("delete-replaced", {f"Droplet::etcd-etcd-{cluster.stack}-3"})
            # A killed engine may have created the droplet, and then the upgrade is complete.
            control.put("/faults", json=[NO_DROPLET]).raise_for_status()
            assert f"Before etcd {middle}: the backup is in the bucket" in update.fail()
            control.delete("/faults")
            interrupted = cluster.droplets()
            # No member that answers is behind. The missing one has not been upgraded.
            refuse(cluster, last, f"Set it to {middle} and complete a pulumi up first")
            assert cluster.droplets() == interrupted
            cluster.configure(version=middle, releaseSha256=checksum(middle))
            cluster.up()
        assert running(cluster) == {middle}
        case = f"a version that is on no mirror, and then back to the earlier {EARLIER_VERSION}"
        with cluster.case(case, planned=False):
            reverted(cluster, EARLIER_VERSION, NOWHERE)
        assert running(cluster) == {EARLIER_VERSION}
        cluster.etcdctl("put", f"written-before-{last}", "kept")
        cluster.configure(version=last, releaseSha256=checksum(last))
        with cluster.case(f"upgrade to {last}"):
            assert f"Before etcd {last}: the backup is in the bucket" in cluster.up()
        assert running(cluster) == {last}
        upgraded = cluster.droplets()
        refuse(cluster, middle, "the members cannot go back to an older minor version")
        assert cluster.droplets() == upgraded
        assert [
            cluster.etcdctl("get", "--print-value-only", f"written-before-{version}").strip()
            for version in (middle, last)
        ] == ["kept"] * 2
        cluster.configure(version=last, releaseSha256=checksum(last))
        cluster.destroy()


def test_a_single_member_goes_up_as_well_and_keeps_what_was_written_before(
    cloud: LocalCloud, figures: Figures, tmp_path: Path
) -> None:
    ensure_mirror(cloud.layout.releases, VERSIONS)
    first, *later = VERSIONS
    config = {"domain": "single.example.test", "size": 1, **WITHOUT_BACKUPS}
    with Live(
        cloud, tmp_path, figures, "single", version=first, releaseSha256=checksum(first), **config
    ) as cluster:
        for version in later:
            cluster.etcdctl("put", f"written-before-{version}", "kept")
            cluster.configure(version=version, releaseSha256=checksum(version))
            with cluster.case(f"a single member's upgrade to {version}", planned=False):
                cluster.up()
            assert running(cluster) == {version}
        for version in later:
            kept = cluster.etcdctl("get", "--print-value-only", f"written-before-{version}")
            assert kept.strip() == "kept"
        cluster.destroy()


def test_members_without_volumes_join_a_cluster_of_two_versions(
    cloud: LocalCloud, figures: Figures, tmp_path: Path
) -> None:
    ensure_mirror(cloud.layout.releases, VERSIONS)
    first, *later = VERSIONS
    config = {"domain": "mixed.example.test", "volumeSize": 0, **WITHOUT_BACKUPS}
    with Live(
        cloud, tmp_path, figures, "mixed", version=first, releaseSha256=checksum(first), **config
    ) as cluster:
        for version in later:
            cluster.configure(version=version, releaseSha256=checksum(version))
            with replaces(cluster, 1, 2, 3), cluster.case(f"upgrade to {version}, without data volumes"):
                cluster.up()
            assert running(cluster) == {version}
        cluster.read_all()
        cluster.destroy()


def reverted(cluster: Live, version: str, nowhere: str) -> None:
    """Assert that a version on no mirror stops at the first member, and that ``version`` finishes the run."""
    before = cluster.droplets()
    cluster.configure(version=nowhere, releaseSha256="0" * 64)
    with cluster.configured(healthTimeoutSeconds=PATIENCE):
        refusal = cluster.fail()
    assert f"Before {cluster.name(2)} may change" in refusal
    assert changed(before, cluster.droplets()) == [cluster.name(1)]
    cluster.configure(version=version, releaseSha256=checksum(version))
    cluster.up()


def refuse(cluster: Live, version: str, words: str) -> None:
    """Assert that a run with this version fails and says what to do."""
    cluster.configure(version=version, releaseSha256=checksum(version))
    result = cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert words in result.stdout


def running(cluster: Live) -> set[str]:
    """The etcd versions of all members."""
    answers = json.loads(cluster.etcdctl("endpoint", "status", "--cluster", "-w", "json"))
    return {answer["Status"]["version"] for answer in answers}
