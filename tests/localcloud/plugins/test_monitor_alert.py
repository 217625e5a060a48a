"""Alert policies of the DigitalOcean stand-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .engine_client import EngineClient, RefusedError
from .recorded_api import Recorded, RecordedApi
from .test_digitalocean import api, plugin, provider

__all__ = ["api", "plugin", "provider"]

ALERT = "digitalocean:index/monitorAlert:MonitorAlert"
PATH = "/v2/monitoring/alerts"
INPUTS: dict[str, Any] = {
    "alerts": {"emails": ["ops@example.com"]},
    "compare": "GreaterThan",
    "description": "disk",
    "enabled": True,
    "tags": ["etcd-etcd-fra1"],
    "type": "v1/insights/droplet/disk_utilization_percent",
    "value": 80,
    "window": "10m",
}
BODY: dict[str, Any] = {
    **INPUTS,
    "alerts": {"email": ["ops@example.com"], "slack": None},
    "entities": [],
}
POLICY = {"policy": {**BODY, "uuid": "b8ecd2ab"}}

Plugin = Callable[[str], EngineClient]


def test_a_policys_id_is_the_apis(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(Recorded("POST", PATH, BODY, 200, POLICY))
    api.steady[f"{PATH}/b8ecd2ab"] = POLICY
    created = plugin(ALERT).call("Create", properties=INPUTS)
    assert created["id"] == "b8ecd2ab"
    assert created["properties"]["alerts"] == {"emails": ["ops@example.com"]}
    assert api.unexpected == []


def test_every_change_of_a_policy_is_made_in_place(api: RecordedApi, plugin: Plugin) -> None:
    api.recorded.append(Recorded("POST", PATH, BODY, 200, POLICY))
    api.steady[f"{PATH}/b8ecd2ab"] = POLICY
    state = plugin(ALERT).call("Create", properties=INPUTS)["properties"]
    for change in ({"value": 90}, {"tags": ["other"]}, {"alerts": {"emails": ["two@example.com"]}}):
        diff = plugin(ALERT).call("Diff", id="b8ecd2ab", olds=state, news={**INPUTS, **change})
        assert diff["changes"] == "DIFF_SOME"
        assert not diff.get("replaces")
    same = plugin(ALERT).call("Diff", id="b8ecd2ab", olds=state, news=INPUTS)
    assert same["changes"] == "DIFF_NONE"


def test_a_rejected_policy_is_reported(api: RecordedApi, plugin: Plugin) -> None:
    refusal = {"id": "unprocessable_entity", "message": "no", "request_id": "r"}
    api.recorded.append(Recorded("POST", PATH, BODY, 422, refusal))
    with pytest.raises(RefusedError) as failed:
        plugin(ALERT).call("Create", properties=INPUTS)
    assert "Error creating Alert Policy: POST " in failed.value.text
