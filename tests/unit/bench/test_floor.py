"""User data of the floor."""

from __future__ import annotations

import yaml

from bench.floor import FILES, Plan, render

ADDRESSES = {"etcd-server-1.example.test": "203.0.113.13", "etcd-server-2.example.test": "203.0.113.14"}


def test_the_floor_is_a_cloud_config_with_all_names_and_addresses() -> None:
    certificates = {placeholder: f"{placeholder} of it" for placeholder in FILES}
    plan = Plan(dict.fromkeys(ADDRESSES, certificates), {}, 10, "http://releases.test/etcd.tar.gz")
    document = yaml.safe_load(render(plan, "etcd-server-2.example.test", ADDRESSES))
    files = {file["path"]: file["content"] for file in document["write_files"]}
    assert {f"/etc/etcd/{name}.pem" for name in FILES.values()} <= files.keys()
    assert "ETCD_PEER_TRUSTED_CA_FILE=/etc/etcd/peer-ca.pem\n" in files["/etc/etcd/etcd.env"]
    assert "ETCD_NAME=etcd-server-2.example.test\n" in files["/etc/etcd/etcd.env"]
    for name, address in ADDRESSES.items():
        assert f"{name}=https://{name}:2380" in files["/etc/etcd/etcd.env"]
        assert f"{address} {name}" in files["/root/bootstrap.sh"]
