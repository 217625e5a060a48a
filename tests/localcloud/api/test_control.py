"""The control socket: recorded requests, faults and limits."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from localcloud.machines.errors import MachineFailedError
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN
from tests.localcloud.conftest import PATIENCE

LISTING = {"service": "digitalocean", "method": "GET", "path": "^/v2/droplets$"}


def listed(client: httpx.Client, **query: str) -> dict[str, int]:
    """Ids of the listed droplets by name."""
    answer = client.get("/v2/droplets", params=query).raise_for_status()
    return {droplet["name"]: droplet["id"] for droplet in answer.json()["droplets"]}


@pytest.fixture
def fault(control: httpx.Client) -> Callable[..., None]:
    def set_fault(**wanted: Any) -> None:
        answer = control.put("/faults", json=[wanted])
        assert answer.status_code == 200, answer.text

    return set_fault


def test_only_the_owner_can_use_the_socket(lab) -> None:
    assert stat.S_IMODE((lab.directory / "control.sock").stat().st_mode) == 0o600


def test_ready_tells_whether_the_services_answer(control: httpx.Client) -> None:
    assert control.get("/ready").json() == {"ready": True}


def test_every_request_is_recorded_without_its_token(
    lab, http: httpx.Client, discovery: httpx.Client, control: httpx.Client
) -> None:
    http.get("/v2/droplets", params={"tag_name": "etcd"})
    discovery.post("/v2/droplets", json={})
    httpx.get(
        lab.url("digitalocean") + "/v2/account", headers={"authorization": "Bearer stolen"}, timeout=PATIENCE
    )
    httpx.get(
        lab.url("cloudflare") + "/client/v4/zones",
        headers={"authorization": f"Bearer {CLOUDFLARE_TOKEN}"},
        timeout=PATIENCE,
    )
    httpx.get(lab.url("metadata") + "/metadata/v1/id", timeout=PATIENCE)
    answer = control.get("/requests")
    seen = answer.json()["requests"]
    assert [(r["service"], r["method"], r["path"], r["status"], r["token"]) for r in seen] == [
        ("digitalocean", "GET", "/v2/droplets", 200, "admin"),
        ("digitalocean", "POST", "/v2/droplets", 403, "discovery"),
        ("digitalocean", "GET", "/v2/account", 401, "unknown"),
        ("cloudflare", "GET", "/client/v4/zones", 200, "cloudflare"),
        ("metadata", "GET", "/metadata/v1/id", 404, ""),
    ]
    assert (seen[0]["query"], seen[0]["source"]) == ("tag_name=etcd", "127.0.0.1")
    assert abs(seen[0]["time"] - time.time()) < 60
    assert DIGITALOCEAN_TOKEN not in answer.text
    assert "stolen" not in answer.text
    control.delete("/requests")
    assert control.get("/requests").json() == {"requests": []}


def test_a_status_fault_applies_as_often_as_requested(http: httpx.Client, fault: Callable[..., None]) -> None:
    fault(**LISTING, kind="status", status=503, times=2)
    assert [http.get("/v2/droplets").status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_applies_only_to_matching_requests(http: httpx.Client, fault: Callable[..., None]) -> None:
    fault(**LISTING, kind="status", status=500)
    assert http.get("/v2/droplets/99").status_code == 404
    assert http.get("/v2/tags").status_code == 200
    answer = http.get("/v2/droplets")
    assert (answer.status_code, answer.json()["id"]) == (500, "server_error")
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_a_fault_can_be_limited_to_one_token(
    http: httpx.Client, discovery: httpx.Client, fault: Callable[..., None]
) -> None:
    fault(**LISTING, kind="status", status=401, token="discovery")
    assert [client.get("/v2/droplets").status_code for client in (http, discovery)] == [200, 401]


def test_a_429_says_when_to_retry(http: httpx.Client, fault: Callable[..., None]) -> None:
    fault(**LISTING, kind="status", status=429, headers={"retry-after": "7"})
    answer = http.get("/v2/droplets")
    assert (answer.status_code, answer.json()["id"]) == (429, "too_many_requests")
    assert (answer.headers["retry-after"], answer.headers["ratelimit-remaining"]) == ("7", "0")
    assert int(answer.headers["ratelimit-reset"]) >= time.time()


def test_an_injected_429_can_be_that_of_the_hourly_limit(
    http: httpx.Client, fault: Callable[..., None]
) -> None:
    fault(**LISTING, kind="status", status=429, headers={"Retry-After": None})
    answer = http.get("/v2/droplets")
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (429, "0")
    assert "retry-after" not in answer.headers
    assert int(answer.headers["ratelimit-reset"]) >= time.time()


def test_cloudflares_faults_have_cloudflares_format(
    zone_http: httpx.Client, fault: Callable[..., None]
) -> None:
    fault(service="cloudflare", kind="status", status=500)
    assert zone_http.get("/dns_records").json()["success"] is False


def test_a_latency_fault_delays_the_answer(http: httpx.Client, fault: Callable[..., None]) -> None:
    fault(**LISTING, kind="latency", seconds=0.3)
    began = time.monotonic()
    assert http.get("/v2/droplets").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_dropped_connection_is_closed_without_an_answer(
    http: httpx.Client, fault: Callable[..., None], control: httpx.Client
) -> None:
    fault(**LISTING, kind="drop", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.get("/v2/droplets")
    assert http.get("/v2/droplets").status_code == 200
    assert control.get("/requests").json()["requests"][0]["status"] is None


def test_a_service_that_is_down_refuses_connections_and_comes_back(
    lab, http: httpx.Client, fault: Callable[..., None], control: httpx.Client
) -> None:
    assert http.get("/v2/droplets").status_code == 200
    fault(service="digitalocean", kind="down")
    with pytest.raises(httpx.TransportError):
        http.get("/v2/droplets")
    with pytest.raises(httpx.ConnectError):
        httpx.get(lab.url("digitalocean") + "/v2/droplets", timeout=PATIENCE)
    assert httpx.get(lab.url("cloudflare") + "/client/v4/zones", timeout=PATIENCE).status_code == 400, (
        "others are up"
    )
    control.delete("/faults")
    assert http.get("/v2/droplets").status_code == 200


def test_a_service_that_is_down_for_some_seconds_recovers(
    http: httpx.Client, fault: Callable[..., None], eventually: Callable[..., None]
) -> None:
    fault(service="digitalocean", kind="down", seconds=0.2)

    def up() -> bool:
        try:
            return http.get("/v2/droplets").status_code == 200
        except httpx.TransportError:
            return False

    eventually(up)


def test_faults_are_listed_and_cleared(
    http: httpx.Client, fault: Callable[..., None], control: httpx.Client
) -> None:
    fault(**LISTING, kind="status", status=500)
    assert control.get("/faults").json()["faults"][0]["status"] == 500
    control.delete("/faults")
    assert control.get("/faults").json() == {"faults": []}
    assert http.get("/v2/droplets").status_code == 200


def test_a_fault_begins_and_ends_beside_others(
    http: httpx.Client, zone_http: httpx.Client, control: httpx.Client
) -> None:
    def statuses() -> list[int]:
        return [http.get("/v2/droplets").status_code, zone_http.get("/dns_records").status_code]

    first = control.post("/faults", json={**LISTING, "kind": "status", "status": 500})
    second = control.post("/faults", json={"service": "cloudflare", "kind": "status", "status": 503})
    assert (first.status_code, statuses()) == (201, [500, 503])
    control.delete(f"/faults/{first.json()['id']}")
    assert statuses() == [200, 503]
    assert [fault["id"] for fault in control.get("/faults").json()["faults"]] == [second.json()["id"]]
    control.delete(f"/faults/{second.json()['id']}")
    assert control.delete(f"/faults/{second.json()['id']}").status_code == 204
    assert statuses() == [200, 200]


def test_a_stale_listing_shows_the_droplets_of_the_faults_begin(
    lab, droplet: Callable[..., Any], http: httpx.Client, control: httpx.Client
) -> None:
    gone = droplet(name="web-1", tags=["web"])["id"]
    fault = control.post("/faults", json={"service": "digitalocean", "kind": "stale"}).json()["id"]
    assert http.delete(f"/v2/droplets/{gone}").status_code == 204
    lab.settle()
    made = droplet(name="web-2", tags=["web"])["id"]
    assert listed(http) == {"web-1": gone}
    assert listed(http, tag_name="web", page="1") == {"web-1": gone}
    assert listed(http, name="web-2") == {}
    assert http.get(f"/v2/droplets/{gone}").status_code == 404, "the listing alone is stale"
    control.delete(f"/faults/{fault}")
    assert listed(http) == {"web-2": made}


def test_a_partial_listing_leaves_out_droplets_for_one_token(
    droplet: Callable[..., Any], http: httpx.Client, discovery: httpx.Client, fault: Callable[..., None]
) -> None:
    for name in ("web-1", "web-2", "web-3"):
        droplet(name=name)
    fault(service="digitalocean", kind="partial", omit=["web-1", "web-3"], token="discovery")
    assert [sorted(listed(client)) for client in (http, discovery)] == [
        ["web-1", "web-2", "web-3"],
        ["web-2"],
    ]
    assert discovery.get("/v2/droplets").json()["meta"] == {"total": 1}


def test_the_control_socket_serves_digitaloceans_api_without_faults(
    droplet: Callable[..., Any], http: httpx.Client, control: httpx.Client
) -> None:
    made = droplet()["id"]
    control.put("/faults", json=[{"service": "digitalocean", "kind": "down"}])
    control.delete("/requests")
    answer = control.get(f"/digitalocean/v2/droplets/{made}", headers=http.headers)
    assert answer.json()["droplet"]["id"] == made
    assert control.get("/digitalocean/v2/droplets").status_code == 401
    assert control.get("/requests").json() == {"requests": []}


@pytest.mark.parametrize(
    "wanted",
    [
        {"service": "digitalocean", "kind": "status"},
        {"service": "digitalocean", "kind": "partial"},
        {"service": "cloudflare", "kind": "stale"},
        {"service": "digitalocean", "kind": "latency"},
        {"service": "elsewhere", "kind": "down"},
        {"service": "digitalocean", "kind": "drop", "path": "("},
    ],
)
def test_an_invalid_fault_is_rejected(control: httpx.Client, wanted: dict[str, Any]) -> None:
    assert control.put("/faults", json=[wanted]).status_code == 422


def test_a_droplets_features_can_be_changed(
    droplet: Callable[..., Any], http: httpx.Client, control: httpx.Client
) -> None:
    made = droplet(monitoring=True)
    assert control.put(f"/droplets/{made['id']}/features", json=["private_networking"]).status_code == 200
    assert http.get(f"/v2/droplets/{made['id']}").json()["droplet"]["features"] == ["private_networking"]
    assert control.put("/droplets/1/features", json=[]).status_code == 404


def test_the_creation_of_droplets_can_be_paused(lab, http: httpx.Client, control: httpx.Client) -> None:
    assert control.put("/droplet-creation", json={"paused": True}).status_code == 200
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    made = http.post("/v2/droplets", json=body).json()["droplet"]["id"]
    time.sleep(0.1)
    assert http.get(f"/v2/droplets/{made}").json()["droplet"]["status"] == "new"
    control.put("/droplet-creation", json={"paused": False})
    lab.settle()
    assert http.get(f"/v2/droplets/{made}").json()["droplet"]["status"] == "active"


def test_the_droplet_limit_can_be_lowered(http: httpx.Client, control: httpx.Client) -> None:
    control.put("/droplet-limit", json={"limit": 0})
    assert http.get("/v2/account").json()["account"]["droplet_limit"] == 0
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    assert "droplet limit" in http.post("/v2/droplets", json=body).json()["message"]


def test_changes_have_the_requests_after_a_number(http: httpx.Client, control: httpx.Client) -> None:
    for path in ("/v2/droplets", "/v2/volumes", "/v2/tags"):
        http.get(path)
    seen = control.get("/changes", params={"after": 1}).json()["requests"]
    assert [(one["number"], one["path"], one["status"]) for one in seen] == [
        (2, "/v2/volumes", 200),
        (3, "/v2/tags", 200),
    ]
    assert all(one["seconds"] >= 0 for one in seen)
    control.delete("/requests")
    http.get("/v2/account")
    assert [one["number"] for one in control.get("/changes", params={"after": 1}).json()["requests"]] == [4]


def test_a_number_of_an_earlier_process_hides_no_request(http: httpx.Client, control: httpx.Client) -> None:
    http.get("/v2/droplets")
    assert [one["number"] for one in control.get("/changes", params={"after": 70}).json()["requests"]] == [1]


def test_changes_wait_for_a_request(lab, http: httpx.Client, control: httpx.Client) -> None:
    first = control.get("/changes").json()
    began = time.monotonic()
    waited = control.get("/changes", params={"since": first["version"], "wait": 0.2}).json()
    assert time.monotonic() - began >= 0.2
    assert waited == first
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(
            httpx.Client(
                transport=httpx.HTTPTransport(uds=str(lab.directory / "control.sock")), timeout=PATIENCE
            ).get,
            "http://control/changes",
            params={"since": first["version"], "wait": 20},
        )
        http.get("/v2/droplets")
        changed = waiting.result(10).json()
    assert changed["version"] > first["version"]
    assert changed["state"] == first["state"]


@pytest.mark.parametrize(
    "change",
    [
        lambda control, http, droplet: http.post("/v2/tags", json={"name": "new"}),
        lambda control, http, droplet: control.post(
            "/faults", json={"service": "cloudflare", "kind": "down"}
        ),
        lambda control, http, droplet: control.delete("/faults/1"),
        lambda control, http, droplet: control.put(f"/droplets/{droplet}/paused", json={"paused": True}),
        lambda control, http, droplet: control.put(f"/droplets/{droplet}/cut-off", json={"cut_off": True}),
        lambda control, http, droplet: control.post(f"/droplets/{droplet}/wipe"),
        lambda control, http, droplet: control.put("/name-server", json={"paused": True}),
    ],
)
def test_what_changes_the_cloud_changes_the_state(control, http, droplet, change) -> None:
    one = droplet()["id"]
    before = control.get("/changes").json()["state"]
    assert change(control, http, one).is_success
    assert control.get("/changes").json()["state"] > before


def test_machines_and_the_name_server_are_disturbed_and_left_alone(control, droplet, host) -> None:
    one, two = droplet()["id"], droplet(name="web-2")["id"]
    control.put(f"/droplets/{one}/paused", json={"paused": True}).raise_for_status()
    control.put(f"/droplets/{two}/cut-off", json={"cut_off": True}).raise_for_status()
    control.put("/name-server", json={"paused": True}).raise_for_status()
    assert control.get("/interference").json() == {
        "paused": [one],
        "cut_off": [two],
        "name_server_paused": True,
    }
    control.put(f"/droplets/{one}/paused", json={"paused": False}).raise_for_status()
    control.put(f"/droplets/{two}/cut-off", json={"cut_off": False}).raise_for_status()
    control.put("/name-server", json={"paused": False}).raise_for_status()
    assert control.get("/interference").json() == {"paused": [], "cut_off": [], "name_server_paused": False}
    control.post(f"/droplets/{one}/wipe").raise_for_status()
    assert host.calls[-1] == ("wipe", one)


def test_a_droplet_that_does_not_exist_is_not_disturbed(control: httpx.Client) -> None:
    assert control.put("/droplets/1/paused", json={"paused": True}).status_code == 404
    assert control.post("/droplets/1/wipe").status_code == 404


def test_a_machine_that_cannot_be_disturbed_says_why(control, droplet, host, monkeypatch) -> None:
    async def fail(machine_id: int) -> None:
        raise MachineFailedError(f"machine {machine_id} is off")

    monkeypatch.setattr(host, "wipe", fail)
    one = droplet()["id"]
    answer = control.post(f"/droplets/{one}/wipe")
    assert (answer.status_code, answer.json()) == (409, {"detail": f"machine {one} is off"})


def test_the_control_socket_has_cloudflare_without_records(control: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {CLOUDFLARE_TOKEN}"}
    zones = control.get("/cloudflare/client/v4/zones", headers=headers).raise_for_status().json()
    assert [zone["name"] for zone in zones["result"]] == ["example.test"]
    assert control.get("/requests").json() == {"requests": []}
