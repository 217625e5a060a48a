"""Behaviour of the Cloudflare stand-in that the recordings do not contain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.plugins.cloudflare.provider import Cloudflare

from .conftest import Serve
from .engine_client import EngineClient, RefusedError
from .recorded_api import Recorded, RecordedApi

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
GET_ZONE = "cloudflare:index/getZone:getZone"
PATH = "/client/v4/zones/z/dns_records/r"
INPUTS = {"zoneId": "z", "name": "m1.example.test", "type": "A", "ttl": 60, "content": "203.0.113.1"}
ABSENT = {"success": False, "errors": [{"code": 81044, "message": "Record does not exist."}], "result": None}


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with RecordedApi([]) as api:
        yield api


@pytest.fixture
def plugin(api: RecordedApi, serve: Serve) -> EngineClient:
    stub = serve(Cloudflare())
    settings = {"baseUrl": f"{api.url}/client/v4", "apiToken": "t" * 40}
    EngineClient(stub).call("Configure", args=settings)
    return EngineClient(stub, RECORD)


def result(value: Any) -> dict[str, Any]:
    return {"success": True, "errors": [], "messages": [], "result": value}


def test_deleting_a_missing_record_is_an_error(api: RecordedApi, plugin: EngineClient) -> None:
    api.recorded.append(Recorded("DELETE", PATH, None, 404, ABSENT))
    with pytest.raises(RefusedError) as failed:
        plugin.call("Delete", id="r", properties=INPUTS)
    assert failed.value.text.startswith(
        f'failed to make http request: DELETE "{api.url}{PATH}": 404 Not Found {{"success": false'
    )


def test_a_temporary_error_is_retried(api: RecordedApi, plugin: EngineClient) -> None:
    api.recorded += [
        Recorded("DELETE", PATH, None, 500, {"success": False}),
        Recorded("DELETE", PATH, None, 200, result({"id": "r"})),
    ]
    plugin.call("Delete", id="r", properties=INPUTS)
    assert set(api.tokens) == {"Bearer " + "t" * 40}


def test_another_zone_or_type_requires_a_replacement(plugin: EngineClient) -> None:
    for key, value in {"zoneId": "other", "type": "AAAA"}.items():
        diff = plugin.call("Diff", id="r", olds={**INPUTS, "proxied": False}, news={**INPUTS, key: value})
        assert diff["replaces"] == [key]


def test_a_changed_comment_gets_a_new_time(plugin: EngineClient) -> None:
    state = {**INPUTS, "proxied": False, "comment": "old", "commentModifiedOn": "t1", "modifiedOn": "t1"}
    diff = plugin.call("Diff", id="r", olds=state, news={**INPUTS, "comment": "new"})
    assert diff["diffs"] == ["comment", "commentModifiedOn", "modifiedOn"]


def test_a_proxied_record_requires_the_automatic_ttl(plugin: EngineClient) -> None:
    with pytest.raises(RefusedError, match="ttl must be set to 1 when `proxied` is true"):
        plugin.call("Create", properties={**INPUTS, "proxied": True})


def test_missing_inputs_are_named(plugin: EngineClient) -> None:
    checked = plugin.call("Check", news={"name": "m1", "type": "A"})
    assert [failure["reason"] for failure in checked["failures"]] == [
        "Missing required property 'zoneId'",
        "Missing required property 'ttl'",
    ]


def test_a_malformed_token_is_rejected_and_not_shown(plugin: EngineClient) -> None:
    checked = EngineClient(plugin.stub).call("CheckConfig", news={"apiToken": "short-token"})
    (failure,) = checked["failures"]
    assert "between 40 and 80 characters" in failure["reason"]
    assert "pulumi config get cloudflare:apiToken" in failure["reason"]
    assert "short-token" not in failure["reason"]


@pytest.mark.parametrize("found", [0, 2])
def test_a_filter_must_find_exactly_one_zone(found: int, api: RecordedApi, plugin: EngineClient) -> None:
    api.steady["/client/v4/zones?name=example.test"] = result([{"id": str(n)} for n in range(found)])
    with pytest.raises(RefusedError, match=f"failed to find exactly one result: {found} found"):
        EngineClient(plugin.stub).call("Invoke", tok=GET_ZONE, args={"filter": {"name": "example.test"}})


def test_zones_are_read_from_all_pages(api: RecordedApi, plugin: EngineClient) -> None:
    for page, path in ((1, "/client/v4/zones?status=active"), (2, "/client/v4/zones?page=2&status=active")):
        listed = result([{"id": f"zone-{page}", "name": f"{page}.test", "name_servers": ["a.ns"]}])
        api.steady[path] = listed | {"result_info": {"page": page, "total_pages": 2}}
    answer = EngineClient(plugin.stub).call(
        "Invoke", tok="cloudflare:index/getZones:getZones", args={"status": "active"}
    )
    assert [zone["name"] for zone in answer["return"]["results"]] == ["1.test", "2.test"]
