"""etcd goes up by one minor version at a time, with clients at work."""

from __future__ import annotations

import json
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import VERSIONS, checksum, ensure_mirror
from tests.cluster.cluster import UP_LIMIT
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live


def test_members_are_upgraded_through_every_minor_version_and_no_other_way(
    cloud: LocalCloud, figures: Figures, tmp_path: Path
) -> None:
    ensure_mirror(cloud.layout.releases, VERSIONS)
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
        founded = cluster.droplets()
        refuse(cluster, last, f"Set it to {middle} and let a pulumi up end well first")
        assert cluster.droplets() == founded
        for version in (middle, last):
            cluster.etcdctl("put", f"written-before-{version}", "kept")
            cluster.configure(version=version, releaseSha256=checksum(version))
            with cluster.case(f"upgrade to {version}"):
                assert f"Before etcd {version}: the backup is in the bucket" in cluster.up()
            assert running(cluster) == {version}
        upgraded = cluster.droplets()
        refuse(cluster, middle, "etcd does not go back")
        assert cluster.droplets() == upgraded
        assert [
            cluster.etcdctl("get", "--print-value-only", f"written-before-{version}").strip()
            for version in (middle, last)
        ] == ["kept"] * 2
        cluster.configure(version=last, releaseSha256=checksum(last))
        cluster.destroy()


def refuse(cluster: Live, version: str, words: str) -> None:
    """A run that asks for the version fails, and says what to do."""
    cluster.configure(version=version, releaseSha256=checksum(version))
    result = cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert words in result.stdout


def running(cluster: Live) -> set[str]:
    """The versions that members run."""
    answers = json.loads(cluster.etcdctl("endpoint", "status", "--cluster", "-w", "json"))
    return {answer["Status"]["version"] for answer in answers}
