"""A changed setting reaches live members one at a time. A change that needs no replacement replaces nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from testbed.cluster import requests, wait_for
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import replaces

CAP_SYS_RESOURCE = 24
ETCD_START = "systemctl show -P ExecMainStartTimestampMonotonic etcd"
SIZE = "df --output=size -B1 /var/lib/etcd | tail -1"


def test_a_changed_setting_rolls_the_members_one_at_a_time_in_their_order(
    live: Live, control: httpx.Client
) -> None:
    before = live.droplets()
    control.delete("/requests")
    live.configure(
        quotaGiB=3,
        dropletSize="s-1vcpu-2gb",
        maxTxnOps=1024,
        extraFlags=["warning-apply-duration=200ms", "feature-gates=SetMemberLocalAddr=true"],
    )
    with replaces(live, 1, 2, 3), live.case("a changed setting and another droplet size, with data volumes"):
        live.up()
    after = live.droplets()
    # A resize would power the machine off.
    assert not {"power_off", "resize"} & {action["type"] for action in actions(live, after.values())}
    assert deleted(control) == [before[live.name(number)] for number in (1, 2, 3)]
    variables = live.on(live.name(1), "cat /etc/etcd/etcd-members").splitlines()
    assert {
        "ETCD_QUOTA_BACKEND_BYTES=3221225472",
        "ETCD_MAX_TXN_OPS=1024",
        "ETCD_WARNING_APPLY_DURATION=200ms",
        "ETCD_FEATURE_GATES=CompactHashCheck=true,SetMemberLocalAddr=true",
    } <= {*variables}


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


def test_a_larger_volume_grows_the_file_system_of_running_members(live: Live) -> None:
    before = live.droplets()
    starts = {name: live.on(name, ETCD_START) for name in live.names}
    live.configure(volumeSize=11)
    with live.case("larger data volumes"):
        live.up()
        for name in live.names:
            if may_grow_while_mounted():
                wait_for(lambda name=name: live.on(name, SIZE), grown, "growth")
            else:
                wait_for(
                    lambda name=name: live.journal(name, "etcd-reconcile"), refused_to_grow, "attempt to grow"
                )
        assert live.droplets() == before
        assert {name: live.on(name, ETCD_START) for name in live.names} == starts


def test_a_larger_volume_grows_the_file_system_at_the_next_boot(live: Live) -> None:
    booted = live.name(3)
    live.configure(volumeSize=12)
    with live.case("a larger data volume, and a boot", planned=False), live.broken(booted):
        live.up()
        live.on(booted, "systemctl reboot --no-block")
        live.wait_down(booted)
        live.wait_up(booted)
    assert int(live.on(booted, SIZE)) > 11 << 30


def may_grow_while_mounted() -> bool:
    """Whether Linux lets root change a mounted file system's size: not in every container."""
    fields = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines())
    return bool(int(fields["CapEff"], 16) >> CAP_SYS_RESOURCE & 1)


def grown(size: str) -> bool:
    return int(size) > 10 << 30


def refused_to_grow(journal: str) -> bool:
    return (
        "cannot grow the file system" in journal and "resize2fs" in journal and "Permission denied" in journal
    )


def actions(live: Live, droplets: Iterable[int]) -> list[dict[str, Any]]:
    """Every action that these droplets received."""
    return [
        action
        for droplet in droplets
        for action in live.digitalocean("GET", f"/v2/droplets/{droplet}/actions")["actions"]
    ]


def deleted(control: httpx.Client) -> list[int]:
    """Ids of the droplets that were deleted, in that order."""
    paths = [seen["path"] for seen in requests(control) if seen["method"] == "DELETE"]
    return [int(path.rpartition("/")[2]) for path in paths if path.startswith("/v2/droplets/")]
