"""Zones and records, tested with Cloudflare's own client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from cloudflare import AuthenticationError, Cloudflare, NotFoundError, PermissionDeniedError

from localcloud.machines.interface import NoMachines
from tests.localcloud.conftest import PATIENCE

ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"
RECORD: dict[str, Any] = {
    "type": "A",
    "name": "a.example.test",
    "content": "203.0.113.10",
    "ttl": 60,
    "proxied": False,
}


def names_served(host: NoMachines) -> Any:
    return [asked for call, asked in host.calls if call == "apply_records"][-1]


def refusal(answer: httpx.Response) -> tuple[int, int]:
    body = answer.json()
    assert (body["success"], body["result"]) == (False, None)
    return answer.status_code, body["errors"][0]["code"]


def test_the_zone_exists_from_the_start(cloudflare: Cloudflare) -> None:
    (zone,) = cloudflare.zones.list(name="example.test")
    assert (zone.id, zone.status) == (ZONE_ID, "active")
    assert cloudflare.zones.get(zone_id=ZONE_ID).name == "example.test"
    assert list(cloudflare.zones.list(name="example.com")) == []


def test_a_missing_zone_is_not_found(lab, cloudflare: Cloudflare, zone_http: httpx.Client) -> None:
    with pytest.raises(NotFoundError):
        cloudflare.zones.get(zone_id="0" * 32)
    assert refusal(zone_http.get(lab.url("cloudflare") + "/client/v4/zones/no-id")) == (404, 7003)


def test_the_name_server_follows_every_change_of_a_record(cloudflare: Cloudflare, host: NoMachines) -> None:
    records = cloudflare.dns.records
    made = records.create(zone_id=ZONE_ID, **RECORD, comment="etcd cluster demo")
    assert made is not None
    assert names_served(host) == {"a.example.test": ["203.0.113.10"]}
    assert records.get(made.id, zone_id=ZONE_ID) == made
    records.update(made.id, zone_id=ZONE_ID, **(RECORD | {"content": "203.0.113.11"}))
    assert names_served(host) == {"a.example.test": ["203.0.113.11"]}
    changed = records.edit(made.id, zone_id=ZONE_ID, type="A", name="b", ttl=120, content="203.0.113.11")
    assert changed is not None
    assert (changed.name, changed.ttl) == ("b.example.test", 120)
    records.delete(made.id, zone_id=ZONE_ID)
    assert names_served(host) == {}


def test_put_replaces_a_record_and_patch_keeps_other_fields(zone_http: httpx.Client) -> None:
    id_ = zone_http.post("/dns_records", json=RECORD | {"comment": "ours"}).json()["result"]["id"]
    patched = zone_http.patch(f"/dns_records/{id_}", json={"ttl": 300}).json()["result"]
    assert (patched["ttl"], patched["comment"], patched["content"]) == (300, "ours", "203.0.113.10")
    body = {name: RECORD[name] for name in ("type", "name", "content")}
    replaced = zone_http.put(f"/dns_records/{id_}", json=body).json()["result"]
    assert (replaced["ttl"], replaced["comment"]) == (1, None)
    assert replaced["created_on"] == patched["created_on"]


@pytest.mark.parametrize("name", ["a", "a.example.test", "A.Example.TEST."])
def test_a_record_name_can_be_given_with_or_without_its_zone(zone_http: httpx.Client, name: str) -> None:
    assert (
        zone_http.post("/dns_records", json=RECORD | {"name": name}).json()["result"]["name"]
        == "a.example.test"
    )


def test_an_at_sign_means_the_zone(zone_http: httpx.Client) -> None:
    assert (
        zone_http.post("/dns_records", json=RECORD | {"name": "@"}).json()["result"]["name"] == "example.test"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_missing_record_is_error_81044(zone_http: httpx.Client, method: str) -> None:
    body = None if method in {"GET", "DELETE"} else RECORD
    assert refusal(zone_http.request(method, "/dns_records/" + "0" * 32, json=body)) == (404, 81044)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"content": "203.0.113.256"}, 9005),
        ({"type": "AAAA"}, 9006),
        ({"type": "CNAME", "content": "not a name"}, 9007),
        ({"type": "CNAME", "content": "a.example.test"}, 9039),
        ({"type": "MX", "content": "mail.example.test"}, 9101),
        ({"type": "TXT", "content": ""}, 9009),
        ({"type": "NONE"}, 1004),
        ({"ttl": 30}, 9021),
        ({"ttl": 86401}, 9021),
        ({"name": "-bad-"}, 9000),
        ({"type": "TXT", "proxied": True}, 9004),
        ({"comment": "x" * 101}, 9300),
        ({"content": None}, 9207),
    ],
)
def test_an_invalid_record_is_rejected_with_cloudflares_code(
    zone_http: httpx.Client, wanted: dict[str, Any], code: int
) -> None:
    assert refusal(zone_http.post("/dns_records", json=RECORD | wanted)) == (400, code)
    assert zone_http.get("/dns_records").json()["result"] == []


def test_an_identical_record_is_rejected_and_another_address_is_not(
    zone_http: httpx.Client, host: NoMachines
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    assert refusal(zone_http.post("/dns_records", json=RECORD)) == (400, 81058)
    assert zone_http.post("/dns_records", json=RECORD | {"content": "203.0.113.11"}).status_code == 200
    assert names_served(host) == {"a.example.test": ["203.0.113.10", "203.0.113.11"]}


def test_a_cname_conflicts_with_other_records_of_its_name(zone_http: httpx.Client) -> None:
    zone_http.post("/dns_records", json=RECORD)
    assert refusal(
        zone_http.post("/dns_records", json=RECORD | {"type": "CNAME", "content": "b.example.test"})
    ) == (
        400,
        81053,
    )


@pytest.mark.parametrize(("kind", "code"), [("CNAME", 81054), ("NS", 81056)])
def test_an_address_conflicts_with_an_alias_or_a_delegation(
    zone_http: httpx.Client, kind: str, code: int
) -> None:
    zone_http.post("/dns_records", json=RECORD | {"type": kind, "content": "b.example.test"})
    assert refusal(zone_http.post("/dns_records", json=RECORD)) == (400, code)


def test_a_cname_resolves_to_its_addresses_and_a_proxied_name_does_not(
    zone_http: httpx.Client, host: NoMachines
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    zone_http.post("/dns_records", json={"type": "CNAME", "name": "alias", "content": "a.example.test"})
    zone_http.post("/dns_records", json={"type": "CNAME", "name": "loop", "content": "loop2.example.test"})
    zone_http.post("/dns_records", json={"type": "CNAME", "name": "loop2", "content": "loop.example.test"})
    zone_http.post("/dns_records", json=RECORD | {"name": "edge", "proxied": True})
    assert names_served(host) == {"a.example.test": ["203.0.113.10"], "alias.example.test": ["203.0.113.10"]}


def test_records_are_filtered_and_paged(cloudflare: Cloudflare, zone_http: httpx.Client) -> None:
    for number in range(1, 6):
        zone_http.post("/dns_records", json=RECORD | {"name": f"m{number}", "content": f"203.0.113.{number}"})
    records = cloudflare.dns.records
    assert [each.name for each in records.list(zone_id=ZONE_ID, name={"exact": "m3.example.test"})] == [
        "m3.example.test"
    ]
    assert [each.name for each in records.list(zone_id=ZONE_ID, content={"endswith": ".4"})] == [
        "m4.example.test"
    ]
    assert list(records.list(zone_id=ZONE_ID, type="TXT")) == []
    assert len(list(records.list(zone_id=ZONE_ID, per_page=2))) == 5, "the client follows the pages"
    info = zone_http.get("/dns_records", params={"per_page": 2, "page": 3}).json()["result_info"]
    assert info == {"page": 3, "per_page": 2, "count": 1, "total_count": 5, "total_pages": 3}


def test_the_valid_token_is_verified(cloudflare: Cloudflare) -> None:
    token = cloudflare.user.tokens.verify()
    assert token is not None
    assert token.status == "active"


def test_a_wrong_token_is_rejected(lab) -> None:
    wrong = Cloudflare(api_token="x" * 40, base_url=lab.url("cloudflare") + "/client/v4", max_retries=0)
    with pytest.raises(PermissionDeniedError):
        wrong.zones.get(zone_id=ZONE_ID)
    with pytest.raises(AuthenticationError):
        wrong.user.tokens.verify()


def test_every_answer_has_another_ray_id(zone_http: httpx.Client) -> None:
    rays = {zone_http.get(path).headers["cf-ray"] for path in ("/dns_records", "/dns_records", "/nothing")}
    assert len(rays) == 3


def test_a_header_without_a_token_is_a_bad_request(lab) -> None:
    url = lab.url("cloudflare") + "/client/v4/zones"
    assert refusal(httpx.get(url, timeout=PATIENCE)) == (400, 9106)
    assert refusal(httpx.get(url, headers={"authorization": "Bearer short"}, timeout=PATIENCE)) == (400, 6003)
