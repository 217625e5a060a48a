"""A changed configuration arrives on live members, one at a time; what needs no replacement replaces nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from tests.cluster.cluster import requests
from tests.lifecycle.live import Live


def test_a_changed_setting_rolls_the_members_one_at_a_time_in_their_order(
    live: Live, control: httpx.Client
) -> None:
    before = live.droplets()
    control.delete("/requests")
    live.configure(quotaGiB=3, dropletSize="s-1vcpu-2gb")
    with live.case("a changed setting and another droplet size, with data volumes"):
        live.up()
    after = live.droplets()
    # A resize would have cut the power.
    assert not {"power_off", "resize"} & {action["type"] for action in actions(live, after.values())}
    assert not set(before.values()) & set(after.values())
    assert deleted(control) == [before[live.name(number)] for number in (1, 2, 3)]
    assert "ETCD_QUOTA_BACKEND_BYTES=3221225472" in live.on(live.name(1), "cat /etc/etcd/etcd-members")


def test_a_changed_firewall_replaces_nothing(live: Live, control: httpx.Client) -> None:
    before = live.droplets()
    control.delete("/requests")
    live.configure(clientCidrs=["198.51.100.10/32", "192.0.2.0/24"], sshCidrs=["192.0.2.7/32"])
    with live.case("a changed firewall"):
        live.up()
    assert live.droplets() == before
    changed = {
        seen["path"].split("/")[2] for seen in requests(control) if seen["method"] not in ("GET", "HEAD")
    }
    assert changed == {"firewalls"}


def actions(live: Live, droplets: Iterable[int]) -> list[dict[str, Any]]:
    """All that was asked of these droplets."""
    return [
        action
        for droplet in droplets
        for action in live.digitalocean("GET", f"/v2/droplets/{droplet}/actions")["actions"]
    ]


def deleted(control: httpx.Client) -> list[int]:
    """Ids of the droplets that were deleted, in that order."""
    paths = [seen["path"] for seen in requests(control) if seen["method"] == "DELETE"]
    return [int(path.rpartition("/")[2]) for path in paths if path.startswith("/v2/droplets/")]
