"""The tags of a cluster."""

from __future__ import annotations

from console.listings.tags import tags_of

CLUSTER = "etcd-etcd-fra1"


def test_tags_are_those_of_the_cluster() -> None:
    names = ["etcd", f"{CLUSTER}-up", CLUSTER, "etcd-etcd-fra10"]
    assert tags_of([{"name": name} for name in names], CLUSTER) == [CLUSTER, f"{CLUSTER}-up"]
