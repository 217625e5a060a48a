"""A member that was lost, wiped, sick for long, or that has drifted comes back, with its data or without."""

from __future__ import annotations

import json
import time

import httpx

from tests.cluster.cluster import wait_for
from tests.lifecycle.live import Live

DATA = "/var/lib/etcd/data"


def test_a_member_is_replaced_by_command(live: Live) -> None:
    before = live.droplets()
    with live.case("--replace of one member"):
        live.up("--replace", live.urn(2))
    assert replaced(before, live.droplets()) == [live.name(2)]


def test_a_droplet_that_has_drifted_is_replaced_by_the_next_run(live: Live, control: httpx.Client) -> None:
    before = live.droplets()
    with live.case("drift of one droplet"):
        live.drift(control, 1)
        live.up()
    assert replaced(before, live.droplets()) == [live.name(1)]


def test_droplets_that_have_all_drifted_are_replaced_one_at_a_time(live: Live, control: httpx.Client) -> None:
    before = live.droplets()
    with live.case("drift of all droplets"):
        for number in (1, 2, 3):
            live.drift(control, number)
        live.up()
    assert replaced(before, live.droplets()) == live.names


def test_a_droplet_deleted_outside_is_made_again(live: Live) -> None:
    gone = live.name(2)
    before = live.droplets()
    with live.case("a droplet deleted outside", planned=False), live.broken(gone):
        live.digitalocean("DELETE", f"/v2/droplets/{before[gone]}")
        live.wait_down(gone)
        live.up()
    assert replaced(before, live.droplets()) == [gone]


def test_a_tag_that_was_deleted_comes_back_and_nobody_is_replaced(live: Live) -> None:
    before = live.droplets()
    with live.case("the cluster's tag deleted outside", planned=False):
        live.digitalocean("DELETE", f"/v2/tags/etcd-etcd-{live.stack}")
        assert live.droplets() == {}
        live.up()
    assert live.droplets() == before


def test_a_wiped_disk_is_filled_by_the_others(live: Live) -> None:
    wiped = live.name(3)
    with live.case("a wiped disk", planned=False), live.broken(wiped):
        live.on(wiped, f"systemctl stop etcd && rm -rf {DATA}/* && systemctl reboot --no-block")
        live.wait_down(wiped)
        wait_for(
            lambda: json.loads(live.etcdctl("member", "list", "-w", "json"))["members"],
            lambda members: len([member for member in members if not member.get("isLearner")]) == 3,
            "three voters",
        )
    live.up("--expect-no-changes")


def test_a_member_that_was_sick_for_long_comes_back_by_command(live: Live) -> None:
    away = live.name(1)
    before = live.droplets()
    with live.case("a member that was sick for long", planned=False), live.broken(away):
        live.on(away, "systemctl stop etcd")
        live.wait_down(away)
        # The others go on, and forget what they would have told it.
        time.sleep(3)
        live.etcdctl("compact", str(live.revision()))
        with live.configured(healthTimeoutSeconds=10):
            refusal = live.fail()
        record = live.resource(f"cloudflare:index/dnsRecord:DnsRecord::etcd-etcd-{live.stack}-1")
        command = ("--target-replace", live.urn(1), "--target", record)
        assert "pulumi up {} '{}' {} '{}', and then pulumi up".format(*command) in refusal
        live.up(*command)
        assert live.cloud.status().records[away] == (live.members()[away],)
        live.up()
    assert replaced(before, live.droplets()) == [away]


def replaced(before: dict[str, int], after: dict[str, int]) -> list[str]:
    assert before.keys() == after.keys()
    return sorted(name for name, droplet in after.items() if droplet != before[name])
