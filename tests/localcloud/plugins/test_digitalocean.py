"""Behaviour of the DigitalOcean stand-in that the recordings do not contain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localcloud.plugins import waiting
from localcloud.plugins.digitalocean import droplet as droplet_resource
from localcloud.plugins.digitalocean.provider import DigitalOcean
from localcloud.plugins.waiting import Waiter

from .conftest import Serve
from .engine_client import EngineClient, RefusedError
from .recorded_api import Recorded, RecordedApi

DROPLET = "digitalocean:index/droplet:Droplet"
VOLUME = "digitalocean:index/volume:Volume"
TAG = "digitalocean:index/tag:Tag"
VPC = "digitalocean:index/vpc:Vpc"

Plugin = Callable[[str], EngineClient]


@pytest.fixture
def api() -> Iterator[RecordedApi]:
    with RecordedApi([]) as api:
        yield api


@pytest.fixture
def provider() -> DigitalOcean:
    return DigitalOcean()


@pytest.fixture
def plugin(api: RecordedApi, provider: DigitalOcean, serve: Serve) -> Plugin:
    stub = serve(provider)
    settings = {"apiEndpoint": api.url, "token": "the-token", "httpRetryMax": 2, "httpRetryWaitMin": 0.01}
    EngineClient(stub).call("Configure", args=settings)
    return lambda type_: EngineClient(stub, type_)


def droplet(**changed: Any) -> dict[str, Any]:
    return {
        "droplet": {
            "id": 1002,
            "name": "etcd-server-1.example.test",
            "memory": 1024,
            "vcpus": 1,
            "disk": 25,
            "locked": False,
            "status": "active",
            "created_at": "2026-11-23T21:07:16Z",
            "features": [],
            "volume_ids": [],
            "size": {"slug": "s-1vcpu-2gb", "price_hourly": 0.1, "price_monthly": 6.0},
            "networks": {"v4": [{"type": "public", "ip_address": "203.0.113.2"}], "v6": []},
            "region": {"slug": "fra1"},
            "tags": [],
            "vpc_uuid": "",
            **changed,
        }
    }


INPUTS = {
    "__defaults": ["resizeDisk"],
    "name": "etcd-server-1.example.test",
    "image": "debian-13-x64",
    "region": "fra1",
    "size": "s-1vcpu-2gb",
    "resizeDisk": True,
    "userData": "a secret in user data",
}
CREATION = {
    "name": "etcd-server-1.example.test",
    "region": "fra1",
    "size": "s-1vcpu-2gb",
    "image": "debian-13-x64",
    "ssh_keys": None,
    "backups": False,
    "ipv6": False,
    "private_networking": False,
    "monitoring": False,
    "tags": [],
    "user_data": "a secret in user data",
}


DETACH = {"type": "detach", "droplet_id": 1002}


def action(kind: str, path: str = "/v2/droplets/1002/actions") -> Recorded:
    body = {"action": {"id": 7, "status": "in-progress", "type": kind}}
    return Recorded("POST", path, {"type": kind}, 201, body)


def test_a_droplet_that_does_not_shut_down_in_time_is_not_deleted(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(action("shutdown"))
    api.steady["/v2/droplets/1002"] = droplet(volume_ids=["some-volume"])
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Delete", id="1002", properties={"gracefulShutdown": True}, timeout=0.6)
    assert "* Error waiting for droplet (1002) to become off: context deadline exceeded" in failed.value.text
    assert api.unexpected == []


def test_all_waits_of_a_deletion_have_one_deadline(api: RecordedApi, plugin: Plugin) -> None:
    limit = 0.8
    api.recorded.append(action("shutdown"))
    api.steady["/v2/droplets/1002"] = droplet(locked=True)
    unlocking = threading.Timer(limit / 2, lambda: api.steady.update({"/v2/droplets/1002": droplet()}))
    began = time.monotonic()
    unlocking.start()
    with pytest.raises(RefusedError, match="to become off: context deadline exceeded"):
        plugin(DROPLET).call("Delete", id="1002", properties={"gracefulShutdown": True}, timeout=limit)
    assert time.monotonic() - began < 1.5 * limit


def test_a_droplet_may_be_deleted_after_the_run_has_failed(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded += [
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="off", volume_ids=["v"])),
        Recorded("POST", "/v2/volumes/v/actions", DETACH, 202, {"action": {"id": 7}}),
        Recorded("GET", "/v2/actions/7", None, 200, {"action": {"status": "in-progress"}}),
        Recorded("GET", "/v2/actions/7", None, 200, {"action": {"status": "in-progress"}}),
        Recorded("GET", "/v2/actions/7", None, 200, {"action": {"status": "completed", "completed_at": "x"}}),
        Recorded("DELETE", "/v2/droplets/1002", None, 204, None),
    ]
    with pytest.raises(RefusedError, match="Error deleting droplet: context deadline exceeded"):
        plugin(DROPLET).call("Delete", id="1002", properties={"gracefulShutdown": False}, timeout=0.2)
    assert api.never_sent() == []


def test_a_new_droplet_that_is_not_visible_yet_is_awaited(api: RecordedApi, plugin: Plugin) -> None:
    missing = {"id": "not_found", "message": "The resource you were accessing could not be found."}
    api.recorded += [
        Recorded("POST", "/v2/droplets", CREATION, 202, droplet(status="new", locked=True)),
        Recorded("GET", "/v2/droplets/1002", None, 404, missing),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet()),
    ]
    assert plugin(DROPLET).call("Create", properties=INPUTS)["properties"]["status"] == "active"
    assert api.never_sent() == []


def test_a_droplet_that_is_deleted_during_its_deletion_is_an_error(api: RecordedApi, plugin: Plugin) -> None:
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Delete", id="1002", properties={})
    assert (
        "* Error waiting for droplet to be unlocked for destroy (1002): unexpected state 'Not Found', "
        "wanted target 'false'. last error: %!s(<nil>)\n"
    ) in failed.value.text
    api.recorded += [Recorded("GET", "/v2/droplets/1002", None, 200, droplet()), action("shutdown")]
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Delete", id="1002", properties={"gracefulShutdown": True})
    assert (
        "* Error waiting for droplet (1002) to become off: unexpected state 'Not Found', wanted target 'off'."
        in failed.value.text
    )


def test_a_droplet_that_is_deleted_during_an_update_is_an_error(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(action("power_off"))
    state = {"name": INPUTS["name"], "image": INPUTS["image"], "region": "fra1", "size": "s-1vcpu-2gb"}
    with pytest.raises(RefusedError, match=r"become powered off: droplet \(1002\) not found during update"):
        plugin(DROPLET).call("Update", id="1002", olds=state, news={**INPUTS, "size": "s-2vcpu-4gb"})


def test_a_refused_deletion_waits_for_the_end_of_the_droplet(api: RecordedApi, plugin: Plugin) -> None:
    refusal = {"id": "unprocessable_entity", "message": "Droplet already has a pending event."}
    gone = {"id": "not_found", "message": "The resource you were accessing could not be found."}
    api.recorded += [
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="off")),
        Recorded("DELETE", "/v2/droplets/1002", None, 422, refusal),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="off", locked=True)),
        Recorded("GET", "/v2/droplets/1002", None, 404, gone),
    ]
    plugin(DROPLET).call("Delete", id="1002", properties={})
    assert api.never_sent() == []


def test_a_refused_deletion_fails_if_the_droplet_stays(
    api: RecordedApi, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(droplet_resource, "_DESTROY_TIMEOUT", 0.3)
    api.recorded.append(Recorded("DELETE", "/v2/droplets/1002", None, 422, {"message": "no"}))
    api.steady["/v2/droplets/1002"] = droplet(status="off")
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Delete", id="1002", properties={})
    assert (
        "Error deleting droplet: timeout while waiting for state to become 'Not Found' (last state: 'off'"
        in failed.value.text
    )


def test_a_droplet_that_stays_locked_ends_the_wait(
    api: RecordedApi, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_ABSENCE", 0.2)
    api.steady["/v2/droplets/1002"] = droplet(locked=True)
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Delete", id="1002", properties={}, timeout=60)
    assert "to be unlocked for destroy (1002): couldn't find resource (121 retries)" in failed.value.text


def test_a_new_droplet_is_ready_when_it_is_unlocked_and_active(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded += [
        Recorded("POST", "/v2/droplets", CREATION, 202, droplet(status="new", locked=True)),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="new", locked=True)),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="active", locked=True)),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet()),
    ]
    created = plugin(DROPLET).call("Create", properties=INPUTS)
    assert created["id"] == "1002"
    assert created["properties"]["status"] == "active"
    assert api.never_sent() == []


def test_only_the_digest_of_user_data_is_stored(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(Recorded("POST", "/v2/droplets", CREATION, 202, droplet()))
    api.steady["/v2/droplets/1002"] = droplet()
    created = plugin(DROPLET).call("Create", properties=INPUTS)
    assert INPUTS["userData"] not in str(created)
    assert len(created["properties"]["userData"]) == 40


def test_a_created_droplet_that_is_not_ready_stays_in_the_state(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(Recorded("POST", "/v2/droplets", CREATION, 202, droplet(status="new")))
    api.steady["/v2/droplets/1002"] = droplet(status="new")
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Create", properties=INPUTS, timeout=0.2)
    assert "Error waiting for droplet (1002) to become ready: timeout" in failed.value.text
    assert failed.value.kept is not None
    assert failed.value.kept["id"] == "1002"
    assert failed.value.kept["properties"]["name"] == INPUTS["name"]
    assert failed.value.kept["reasons"] == [failed.value.text]


def test_a_failed_update_keeps_the_objects_current_state(api: RecordedApi, plugin: Plugin) -> None:
    refusal = {"id": "unprocessable_entity", "message": "no such size", "request_id": "r"}
    resize = {"type": "resize", "size": "s-none", "disk": True}
    api.recorded += [
        action("power_off"),
        Recorded("GET", "/v2/droplets/1002", None, 200, droplet(status="off")),
        Recorded("POST", "/v2/droplets/1002/actions", resize, 422, refusal),
        action("power_on"),
    ]
    api.steady["/v2/droplets/1002"] = droplet()
    state = {"name": INPUTS["name"], "image": INPUTS["image"], "region": "fra1", "size": "s-1vcpu-2gb"}
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Update", id="1002", olds=state, news={**INPUTS, "size": "s-none"})
    assert "Error resizing droplet (1002): POST" in failed.value.text
    assert failed.value.kept is not None
    assert failed.value.kept["properties"]["size"] == "s-1vcpu-2gb"
    assert failed.value.kept["properties"]["status"] == "active"
    assert api.never_sent() == []


def test_a_wait_ends_when_the_run_is_cancelled(
    api: RecordedApi, provider: DigitalOcean, plugin: Plugin
) -> None:
    api.recorded.append(Recorded("POST", "/v2/droplets", CREATION, 202, droplet(status="new")))
    api.steady["/v2/droplets/1002"] = droplet(status="new")
    threading.Timer(0.1, provider.cancelled.set).start()
    with pytest.raises(RefusedError) as failed:
        plugin(DROPLET).call("Create", properties=INPUTS, timeout=60)
    assert "context canceled" in failed.value.text
    assert failed.value.kept is not None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_temporary_error_status_is_retried(status: int, api: RecordedApi, plugin: Plugin) -> None:
    tag = {"tag": {"name": "etcd", "resources": {}}}
    api.recorded += [
        Recorded("POST", "/v2/tags", {"name": "etcd"}, status, {"message": "later"}),
        Recorded("POST", "/v2/tags", {"name": "etcd"}, 201, tag),
    ]
    api.steady["/v2/tags/etcd"] = tag
    assert plugin(TAG).call("Create", properties={"name": "etcd"})["id"] == "etcd"
    assert set(api.tokens) == {"Bearer the-token"}


def test_a_lasting_error_is_reported_with_the_number_of_attempts(api: RecordedApi, plugin: Plugin) -> None:
    refusal = {"id": "server_error", "message": "Unexpected server-side error", "request_id": "r"}
    api.recorded += [Recorded("POST", "/v2/tags", {"name": "etcd"}, 500, refusal) for _ in range(3)]
    with pytest.raises(RefusedError) as failed:
        plugin(TAG).call("Create", properties={"name": "etcd"})
    assert failed.value.text == (
        f'1 error occurred:\n\t* Error creating tag: POST {api.url}/v2/tags: 500 (request "r") '
        "Unexpected server-side error; giving up after 3 attempt(s)\n\n"
    )
    assert failed.value.kept is None


def test_a_429_without_retry_after_fails_after_doubling_pauses(
    api: RecordedApi, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(Waiter, "pause", lambda _, seconds: pauses.append(seconds))
    refusal = {"id": "too_many_requests", "message": "API Rate limit exceeded.", "request_id": "r"}
    api.recorded += [Recorded("POST", "/v2/tags", {"name": "etcd"}, 429, refusal) for _ in range(5)]
    stub = serve(DigitalOcean())
    EngineClient(stub).call("Configure", args={"apiEndpoint": api.url, "token": "the-token"})
    with pytest.raises(RefusedError, match=r"429 .* API Rate limit exceeded\.; giving up after 5 attempt"):
        EngineClient(stub, TAG).call("Create", properties={"name": "etcd"})
    assert pauses == [1, 2, 4, 8]


def test_an_api_that_is_down_is_reported_with_its_address(serve: Serve) -> None:
    stub = serve(DigitalOcean())
    settings = {"apiEndpoint": "http://127.0.0.1:1", "httpRetryMax": 1, "httpRetryWaitMin": 0.01}
    EngineClient(stub).call("Configure", args=settings)
    with pytest.raises(RefusedError) as failed:
        EngineClient(stub, TAG).call("Create", properties={"name": "etcd"})
    assert "POST http://127.0.0.1:1/v2/tags giving up after 2 attempt(s)" in failed.value.text


def test_missing_settings_are_read_from_the_environment(
    api: RecordedApi, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "from-the-environment")
    monkeypatch.setenv("DIGITALOCEAN_API_URL", api.url)
    stub = serve(DigitalOcean())
    EngineClient(stub).call("Configure", args={"version": "4.84.1"})
    api.steady["/v2/tags/etcd"] = {"tag": {"name": "etcd", "resources": {}}}
    assert EngineClient(stub, TAG).call("Read", id="etcd")["id"] == "etcd"
    assert api.tokens == ["Bearer from-the-environment"]


def test_a_vpc_shows_whether_it_is_its_regions_default_vpc(api: RecordedApi, plugin: Plugin) -> None:
    vpc = {
        "id": "v",
        "urn": "do:vpc:v",
        "name": "net",
        "region": "fra1",
        "description": "",
        "ip_range": "10.10.0.0/20",
        "created_at": "2026-11-23T21:07:16Z",
        "default": True,
    }
    api.recorded.append(Recorded("POST", "/v2/vpcs", {"name": "net", "region": "fra1"}, 201, {"vpc": vpc}))
    api.steady["/v2/vpcs/v"] = {"vpc": vpc}
    created = plugin(VPC).call("Create", properties={"name": "net", "region": "fra1"})
    assert created["properties"]["default"] is True


def test_the_deletion_of_a_default_vpc_is_retried_until_its_time_limit(
    api: RecordedApi, plugin: Plugin
) -> None:
    refusal = {"id": "forbidden", "message": "Can not delete default VPCs", "request_id": "r"}
    api.recorded += [Recorded("DELETE", "/v2/vpcs/v", None, 403, refusal) for _ in range(20)]
    with pytest.raises(RefusedError) as failed:
        plugin(VPC).call("Delete", id="v", properties={"name": "net"}, timeout=0.3)
    assert f'DELETE {api.url}/v2/vpcs/v: 403 (request "r") Can not delete default VPCs' in failed.value.text
    assert len(api.order) > 1
    assert api.unexpected == []


def test_missing_inputs_are_named(plugin: Plugin) -> None:
    checked = plugin(VOLUME).call("Check", news={"name": "data"})
    assert [failure["reason"] for failure in checked["failures"]] == [
        "Missing required property 'region'",
        "Missing required property 'size'",
    ]


def test_a_missing_name_is_generated_from_the_resources_name(plugin: Plugin) -> None:
    checked = plugin(VOLUME).call("Check", news={"region": "fra1", "size": 10})["inputs"]
    assert checked["name"].startswith("m1-")
    assert checked["__defaults"] == ["name"]
    again = plugin(VOLUME).call("Check", olds=checked, news={"region": "fra1", "size": 10})["inputs"]
    assert again["name"] == checked["name"]


@pytest.mark.parametrize(
    ("autonaming", "name", "failures"),
    [
        ({"mode": "ENFORCE", "proposedName": "m1-in-full"}, "m1-in-full", 0),
        ({"mode": "PROPOSE", "proposedName": "m1-proposed"}, "m1-proposed", 0),
        ({"mode": "DISABLE"}, None, 1),
    ],
)
def test_the_configured_rules_for_names_are_followed(
    autonaming: dict[str, str], name: str | None, failures: int, plugin: Plugin
) -> None:
    checked = plugin(TAG).call("Check", news={}, autonaming=autonaming)
    assert checked["inputs"].get("name") == name
    assert len(checked.get("failures", [])) == failures


def test_a_volume_cannot_shrink(plugin: Plugin) -> None:
    state = {"name": "data", "region": "fra1", "size": 20}
    with pytest.raises(RefusedError, match="can only be expanded and not shrunk"):
        plugin(VOLUME).call("Diff", id="v", olds=state, news={**state, "size": 10})


@pytest.mark.parametrize(
    ("key", "value", "replaces"),
    [
        ("image", "debian-12-x64", True),
        ("region", "ams3", True),
        ("sshKeys", ["1"], True),
        ("userData", "other", True),
        ("vpcUuid", "other", True),
        ("monitoring", True, True),
        ("dropletAgent", True, True),
        ("publicNetworking", False, True),
        ("size", "s-2vcpu-4gb", False),
        ("name", "other", False),
        ("tags", ["other"], False),
        ("volumeIds", ["other"], False),
        ("backups", True, False),
        ("gracefulShutdown", True, False),
    ],
)
def test_the_changes_that_replace_a_droplet_and_those_in_place(
    key: str, value: object, replaces: bool, plugin: Plugin
) -> None:
    created = plugin(DROPLET).call("Create", properties={**INPUTS, "vpcUuid": "vpc"}, preview=True)[
        "properties"
    ]
    state = {
        name: None if inner == "04da6b54-80e4-46f7-96ec-b56ff0331ba9" else inner
        for name, inner in created.items()
    }
    state |= {"publicNetworking": True, "volumeIds": []}
    diff = plugin(DROPLET).call("Diff", id="1", olds=state, news={**INPUTS, "vpcUuid": "vpc", key: value})
    assert diff["diffs"] == [key]
    assert diff.get("replaces", []) == ([key] if replaces else [])


def test_an_ignored_change_has_no_effect(plugin: Plugin) -> None:
    state = {"name": "data", "region": "fra1", "size": 10}
    diff = plugin(VOLUME).call("Diff", id="v", olds=state, news={**state, "size": 20}, ignoreChanges=["size"])
    assert diff["changes"] == "DIFF_NONE"


def test_a_given_name_requires_deletion_before_replacement(plugin: Plugin) -> None:
    state = {"name": "data", "region": "fra1", "size": 10}
    given = {**state, "region": "ams3", "__defaults": []}
    assert plugin(VOLUME).call("Diff", id="v", olds=state, news=given)["deleteBeforeReplace"] is True
    automatic = {**given, "__defaults": ["name"]}
    assert "deleteBeforeReplace" not in plugin(VOLUME).call("Diff", id="v", olds=state, news=automatic)


def test_a_refresh_shows_drifted_tags_in_the_inputs(api: RecordedApi, plugin: Plugin) -> None:
    state = {**INPUTS, "userData": "digest", "tags": ["etcd"]}
    api.steady["/v2/droplets/1002"] = droplet(tags=["etcd", "by-hand"])
    read = plugin(DROPLET).call("Read", id="1002", properties=state, inputs={**INPUTS, "tags": ["etcd"]})
    assert read["inputs"]["tags"] == ["by-hand", "etcd"]
    assert read["inputs"]["userData"] == INPUTS["userData"]


def test_an_existing_object_can_be_imported(api: RecordedApi, plugin: Plugin) -> None:
    volume = {
        "name": "data",
        "region": {"slug": "fra1"},
        "size_gigabytes": 10,
        "filesystem_type": "ext4",
        "tags": ["etcd"],
        "droplet_ids": [3],
    }
    api.steady["/v2/volumes/some-id"] = {"volume": volume}
    read = plugin(VOLUME).call("Read", id="some-id")
    assert read["inputs"] == {
        "name": "data",
        "region": "fra1",
        "size": 10,
        "filesystemType": "ext4",
        "tags": ["etcd"],
    }


def test_a_listing_is_read_from_all_pages(api: RecordedApi, plugin: Plugin) -> None:
    def keys(first: int, following: str | None) -> dict[str, Any]:
        listed = [
            {"id": number, "name": f"key-{number}", "public_key": "k", "fingerprint": "f"}
            for number in (first, first + 1)
        ]
        return {"ssh_keys": listed, "links": {"pages": {"next": following}} if following else {}}

    api.steady["/v2/account/keys?page=1&per_page=200"] = keys(1, "page 2")
    api.steady["/v2/account/keys?page=2&per_page=200"] = keys(3, None)
    end = plugin("")
    key = end.call("Invoke", tok="digitalocean:index/getSshKey:getSshKey", args={"name": "key-4"})["return"]
    assert (key["id"], key["fingerprint"]) == (4, "f")
    with pytest.raises(RefusedError, match="no ssh key found with name key-5"):
        end.call("Invoke", tok="digitalocean:index/getSshKey:getSshKey", args={"name": "key-5"})


def test_unknown_functions_and_resources_are_reported(plugin: Plugin) -> None:
    with pytest.raises(
        RefusedError, match=r"has no function digitalocean:index/getApp:getApp: it has .*getSshKey"
    ):
        plugin("").call("Invoke", tok="digitalocean:index/getApp:getApp")
    with pytest.raises(RefusedError, match=r"has no resource digitalocean:index/app:App: it has .*Droplet"):
        plugin("digitalocean:index/app:App").call("Check")
