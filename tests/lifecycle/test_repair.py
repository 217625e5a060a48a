"""A member that was lost, wiped, stopped for long, or that has drifted is repaired, with its data or without."""

from __future__ import annotations

import time

import httpx

from tests.lifecycle.live import Live
from tests.lifecycle.repairs import (
    recreated,
    rejoined_after_a_wipe,
    repair,
    replaced_by_command,
    replaced_for_drift,
    replaces,
)


def test_a_member_is_replaced_by_command(live: Live) -> None:
    replaced_by_command(live, 2)


def test_a_droplet_that_has_drifted_is_replaced_by_the_next_run(live: Live, control: httpx.Client) -> None:
    replaced_for_drift(live, control, 1)


def test_droplets_that_have_all_drifted_are_replaced_one_at_a_time(live: Live, control: httpx.Client) -> None:
    replaced_for_drift(live, control, 1, 2, 3)


def test_a_droplet_deleted_outside_is_recreated(live: Live) -> None:
    recreated(live, 2)


def test_a_change_beside_a_deleted_droplet_takes_one_member_down_at_a_time(live: Live) -> None:
    gone = live.name(2)
    with (
        replaces(live, 1, 2, 3),
        live.case("a changed setting, and a droplet deleted outside", planned=False),
        live.broken(gone),
    ):
        live.digitalocean("DELETE", f"/v2/droplets/{live.droplets()[gone]}")
        live.wait_down(gone)
        live.configure(maxTxnOps=256)
        live.up()


def test_a_deleted_tag_is_recreated_and_no_member_is_replaced(live: Live) -> None:
    before = live.droplets()
    with live.case("the cluster's tag deleted outside", planned=False):
        live.digitalocean("DELETE", f"/v2/tags/etcd-etcd-{live.stack}")
        assert live.droplets() == {}
        live.up()
    assert live.droplets() == before


def test_a_member_with_a_wiped_disk_gets_its_data_from_the_others(live: Live) -> None:
    rejoined_after_a_wipe(live, 3)


def test_a_member_that_was_stopped_for_long_is_repaired_by_command(live: Live) -> None:
    away = live.name(1)
    with (
        replaces(live, 1),
        live.case("a member that was stopped for long", planned=False),
        live.broken(away),
    ):
        live.on(away, "systemctl stop etcd")
        live.wait_down(away)
        # The others go on and compact their logs, so the member needs a snapshot.
        time.sleep(3)
        live.etcdctl("compact", str(live.revision()))
        with live.configured(healthTimeoutSeconds=10):
            refusal = live.fail()
        live.assert_all_up()
        command = repair(live, 1)
        assert "pulumi up {} '{}' {} '{}', and then pulumi up".format(*command) in refusal
        live.up(*command)
        assert live.cloud.status().records[away] == (live.members()[away],)
        live.up()
