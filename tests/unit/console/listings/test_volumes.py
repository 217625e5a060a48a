"""The volumes of a cluster."""

from __future__ import annotations

from console.listings.volumes import volumes_of

CLUSTER = "etcd-etcd-fra1"


def test_volumes_name_the_member_that_has_them() -> None:
    volumes = [
        {"name": f"{CLUSTER}-2", "size_gigabytes": 10, "droplet_ids": [7]},
        {"name": f"{CLUSTER}-1", "size_gigabytes": 10, "droplet_ids": []},
        {"name": "other", "size_gigabytes": 10, "droplet_ids": [7]},
    ]
    found = volumes_of(volumes, [{"id": 7, "name": "etcd-server-2.example.com"}], CLUSTER)
    assert [(one.name, one.member) for one in found] == [
        (f"{CLUSTER}-1", ""),
        (f"{CLUSTER}-2", "etcd-server-2.example.com"),
    ]
