"""The current alerts and targets of a Prometheus."""

from __future__ import annotations

from pathlib import Path

import httpx

from localcloud.cli.monitoring import monitor
from testbed.cluster import Cluster, wait_for

PATIENCE = 150


class Watch:
    """Asks Prometheus on the host's loopback, to which the local cloud forwards it."""

    def __init__(self, cluster: Cluster, rules: Path) -> None:
        self._cluster = cluster
        self._rules = rules
        self.url = self.renew(port=0)

    def renew(self, port: int | None = None) -> str:
        """Start Prometheus, or reload its changed files."""
        cluster = self._cluster
        return monitor(cluster.cloud, cluster.folder, rules=self._rules, port=port, interval="5s")

    def firing(self) -> dict[str, set[str]]:
        """Firing alerts with the members that each names, or an empty name."""
        answer = httpx.get(f"{self.url}/api/v1/alerts", timeout=30, trust_env=False).json()
        found: dict[str, set[str]] = {}
        for alert in answer["data"]["alerts"]:
            if alert["state"] == "firing":
                member = alert["labels"].get("instance", "").split(".")[0]
                found.setdefault(alert["labels"]["alertname"], set()).add(member)
        return found

    def up(self) -> int:
        """How many of the cluster's targets answered the last scrape."""
        answer = httpx.get(
            f"{self.url}/api/v1/query", params={"query": "sum(up)"}, timeout=30, trust_env=False
        )
        result = answer.json()["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    def wait_firing(self, alert: str, *members: str, limit: float = PATIENCE) -> None:
        wanted = set(members or [""])
        wait_for(self.firing, lambda found: wanted <= found.get(alert, set()), f"firing {alert}", limit)

    def wait_clear(self, *alerts: str, limit: float = PATIENCE) -> None:
        wait_for(self.firing, lambda found: not set(alerts) & set(found), f"end of {alerts}", limit)
