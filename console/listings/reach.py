"""Who may reach which ports of a cluster's members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from components.shared.ports import CLIENT_PORT, EXPORTER_PORT, METRICS_PORT, PEER_PORT
from console.listings.items import Items, texts
from console.view.cloud import Reach

SSH = "22"
PURPOSES: Mapping[str, str] = {
    str(PEER_PORT): "traffic between members",
    str(CLIENT_PORT): "client traffic",
    str(EXPORTER_PORT): "reports of the machines",
    f"{METRICS_PORT}-{EXPORTER_PORT}": "metrics",
    SSH: "SSH",
}


def reach_of(firewalls: Items, cluster: str) -> list[Reach]:
    """The rules of the firewalls that apply to the cluster's tag: one entry for each source."""
    return [
        Reach(
            source=source,
            ports="all" if rule.get("ports") in {"0", "all", ""} else str(rule.get("ports")),
            protocol=str(rule.get("protocol")),
            purpose=PURPOSES.get(str(rule.get("ports")), ""),
        )
        for firewall in firewalls
        if cluster in texts(firewall.get("tags"))
        for rule in cast("Items", firewall.get("inbound_rules") or ())
        for source in _sources(rule.get("sources") or {}, cluster)
    ]


def _sources(sources: Mapping[str, Any], cluster: str) -> list[str]:
    tags = ["members" if tag == cluster else f"tag {tag}" for tag in texts(sources.get("tags"))]
    addresses = texts(sources.get("addresses"))
    if "0.0.0.0/0" in addresses:
        addresses = ["anyone", *(one for one in addresses if one not in {"0.0.0.0/0", "::/0"})]
    return [*tags, *addresses]
