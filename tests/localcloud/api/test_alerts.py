"""Alert policies of DigitalOcean's monitoring."""

from __future__ import annotations

from typing import Any

import httpx
import pydo
import pytest

POLICY: dict[str, Any] = {
    "alerts": {"email": ["ops@example.com"], "slack": []},
    "compare": "GreaterThan",
    "description": "disk",
    "enabled": True,
    "entities": [],
    "tags": ["etcd-etcd-fra1"],
    "type": "v1/insights/droplet/disk_utilization_percent",
    "value": 80,
    "window": "10m",
}


def test_a_policy_is_created_changed_and_deleted(digitalocean: pydo.Client) -> None:
    made = digitalocean.monitoring.create_alert_policy(POLICY)["policy"]
    assert made == {**POLICY, "uuid": made["uuid"]}
    digitalocean.monitoring.update_alert_policy(made["uuid"], {**POLICY, "value": 90})
    assert digitalocean.monitoring.get_alert_policy(made["uuid"])["policy"]["value"] == 90
    assert len(digitalocean.monitoring.list_alert_policy()["policies"]) == 1
    digitalocean.monitoring.delete_alert_policy(made["uuid"])
    assert digitalocean.monitoring.list_alert_policy()["policies"] == []


@pytest.mark.parametrize(
    ("key", "value"), [("type", "v1/x"), ("compare", "Equals"), ("window", "7m"), ("value", -1)]
)
def test_an_invalid_policy_is_rejected(http: httpx.Client, key: str, value: Any) -> None:
    answer = http.post("/v2/monitoring/alerts", json={**POLICY, key: value})
    assert (answer.status_code, answer.json()["id"]) == (422, "unprocessable_entity")


def test_a_missing_policy_is_not_found(http: httpx.Client) -> None:
    for method in ("GET", "DELETE"):
        assert http.request(method, "/v2/monitoring/alerts/none").status_code == 404
