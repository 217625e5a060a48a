"""Statuses of members."""

from __future__ import annotations

import json

from bench.etcdctl import Status, read_statuses


def test_statuses_are_sorted_by_name_and_tell_who_leads() -> None:
    text = json.dumps(
        [
            {
                "Endpoint": f"https://etcd-server-{number}.example.test:2379",
                "Status": {
                    "header": {"member_id": number, "revision": 7},
                    "leader": 1,
                    "dbSize": 300,
                    "dbSizeInUse": 100,
                },
            }
            for number in (2, 1)
        ]
    )
    first, second = read_statuses(text)
    assert first == Status("https://etcd-server-1.example.test:2379", True, 7, 300, 100)
    assert (first.name, second.name) == ("etcd-server-1.example.test", "etcd-server-2.example.test")
    assert not second.leads
