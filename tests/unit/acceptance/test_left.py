"""What is left of a cluster is found by its own name, and nothing of another cluster is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from acceptance import left
from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.left import Left, what_is_left
from components.config.settings import Settings

CLUSTER = "etcd-etcd-fra1-acceptance-0a1b2c"
SETTINGS = Settings.model_validate(
    {
        "domain": "acc-0a1b2c.etcd.example.com",
        "zone": "example.com",
        "discoveryToken": "dop_v1_read_access",
        "clientCidrs": ["198.51.100.0/24"],
    }
)
TAGS = {
    CLUSTER: ["etcd-server-1.acc-0a1b2c.etcd.example.com", "mine.example.com"],
    f"{CLUSTER}-probe": ["probe.acc-0a1b2c.etcd.example.com"],
    "etcd-etcd-fra1": ["etcd-server-1.etcd.example.com"],
}
LISTED = {
    "volumes": [f"{CLUSTER}-1", f"{CLUSTER}-probe", f"{CLUSTER}-2-1", "etcd-etcd-fra1-1"],
    "vpcs": [CLUSTER, f"{CLUSTER}-1", "etcd-etcd-fra1"],
    "firewalls": ["etcd-etcd-fra1", f"{CLUSTER}-2"],
    "tags": [
        *TAGS,
        f"{CLUSTER}-3",
        f"{CLUSTER}-up",
        f"{CLUSTER}-id-0123456789ab",
        f"{CLUSTER}-2-up",
        "etcd-etcd-fra1-up",
    ],
}


class Answers:
    """An account. A resource exists for as many looks as ``looks`` says."""

    def __init__(self, looks: int = 0) -> None:
        self.looks = looks

    def list(self, kind: str, **only: str) -> Iterator[dict[str, Any]]:
        names = TAGS[only["tag_name"]] if kind == "droplets" else LISTED[kind]
        for name in names:
            yield {"name": name, "id": f"id-{name}"}

    def get(self, path: str) -> dict[str, Any]:
        if path.startswith("/zones?"):
            return {"result": [{"id": "z"}]}
        assert "type=A&" in path
        name = path.rpartition("=")[2]
        return {"result": [{"name": name, "id": "r1"}] if name.startswith("etcd-server-2.") else []}

    def find(self, path: str) -> dict[str, Any] | None:
        self.looks -= 1
        return {} if self.looks >= 0 else None

    def delete(self, path: str) -> None:
        raise AcceptanceError("it has members")


def test_only_what_has_the_clusters_own_name_is_left() -> None:
    account = cast("Account", Answers())
    assert [(one.kind, one.name) for one in what_is_left(account, account, SETTINGS, CLUSTER)] == [
        ("droplet", "etcd-server-1.acc-0a1b2c.etcd.example.com"),
        ("droplet", "probe.acc-0a1b2c.etcd.example.com"),
        ("record", "etcd-server-2.acc-0a1b2c.etcd.example.com"),
        ("volume", f"{CLUSTER}-1"),
        ("volume", f"{CLUSTER}-probe"),
        ("vpc", CLUSTER),
        ("tag", CLUSTER),
        ("tag", f"{CLUSTER}-probe"),
        ("tag", f"{CLUSTER}-up"),
        ("tag", f"{CLUSTER}-id-0123456789ab"),
    ]


def test_records_are_looked_for_in_the_zone_that_the_settings_name_by_its_id() -> None:
    settings = SETTINGS.model_copy(update={"zone": "", "zone_id": "0" * 32})
    account = cast("Account", Answers())
    (record,) = (one for one in what_is_left(account, account, settings, CLUSTER) if one.kind == "record")
    assert record.path == f"/zones/{'0' * 32}/dns_records/r1"


def test_no_record_is_looked_for_without_dns_records() -> None:
    settings = SETTINGS.model_copy(update={"zone": ""})
    found = what_is_left(cast("Account", Answers()), None, settings, CLUSTER)
    assert {one.kind for one in found} == {"droplet", "volume", "vpc", "tag"}


def test_a_deletion_is_tried_again_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left, "INTERVAL", 0)
    account = Answers(looks=3)
    Left(cast("Account", account), "vpc", CLUSTER, "/v2/vpcs/1").delete()
    assert account.looks < 0


def test_a_deletion_that_does_not_end_says_what_was_last_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left, "INTERVAL", 0)
    monkeypatch.setattr(left, "SECONDS", 0.05)
    with pytest.raises(AcceptanceError, match=r"vpc \S+ \(1\) still exists after 0 s\. it has members"):
        Left(cast("Account", Answers(looks=10**9)), "vpc", CLUSTER, "/v2/vpcs/1").delete()
