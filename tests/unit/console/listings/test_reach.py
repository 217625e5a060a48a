"""Who may reach which ports."""

from __future__ import annotations

from console.listings.reach import reach_of

CLUSTER = "etcd-etcd-fra1"


def test_rules_of_the_clusters_firewall_have_one_source_each() -> None:
    rules = [
        {
            "protocol": "tcp",
            "ports": "2379",
            "sources": {"tags": [CLUSTER], "addresses": ["198.51.100.0/24"]},
        },
        {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0", "::/0"]}},
    ]
    others = {"tags": ["other"], "inbound_rules": rules}
    reach = reach_of([{"tags": [CLUSTER], "inbound_rules": rules}, others], CLUSTER)
    assert [(one.source, one.ports, one.purpose) for one in reach] == [
        ("members", "2379", "client traffic"),
        ("198.51.100.0/24", "2379", "client traffic"),
        ("anyone", "22", "SSH"),
    ]
