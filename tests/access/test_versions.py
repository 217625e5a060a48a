"""etcd is upgraded by one minor version at a time with authentication on, and the cluster is destroyed."""

from __future__ import annotations

import json
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import VERSIONS, checksum, ensure_mirror
from tests.access.stack import APP, AccessStack
from tests.lifecycle.figures import Figures


def test_users_and_permissions_last_through_every_minor_version(
    cloud: LocalCloud, figures: Figures, tmp_path: Path
) -> None:
    ensure_mirror(cloud.layout.releases, VERSIONS)
    first, *later = VERSIONS
    created = AccessStack(
        cloud, tmp_path, figures, "versions", domain="versions.example.test",
        version=first, releaseSha256=checksum(first), auth=True,
    )  # fmt: skip
    created.configure(clients=created.clients())
    with created as cluster:
        rights = cluster.rights()
        for version in later:
            cluster.configure(version=version, releaseSha256=checksum(version))
            with cluster.case(f"upgrade to {version}, with authentication"):
                cluster.up()
            statuses = json.loads(cluster.etcdctl("endpoint", "status", "-w", "json"))
            assert {one["Status"]["version"] for one in statuses} == {version}
            assert cluster.rights() == rights
            assert cluster.may(APP, "put", "/app/key", version)
            assert not cluster.may(APP, "put", "/other", version)
        cluster.read_all()
    cluster.destroy()
