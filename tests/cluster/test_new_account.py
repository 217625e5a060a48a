"""A new account without any resource."""

from __future__ import annotations

from pathlib import Path

from testbed.cluster import Cluster
from tests.cluster.clouds import fresh_cloud
from tests.cluster.inventory import inventory


def test_a_destroy_leaves_a_new_account_with_the_default_vpc_alone(
    tmp_path: Path,
) -> None:
    with fresh_cloud("new") as cloud:
        cluster = Cluster(cloud, tmp_path, alertEmails=["ops@example.com"])
        assert not any(inventory(cluster).values())
        cluster.up()
        assert all(there for what, there in inventory(cluster).items() if what != "account/keys")
        cluster.destroy()
        left = {what: there for what, there in inventory(cluster).items() if there}
        assert left == {"vpcs": ["default-fra1"]}
