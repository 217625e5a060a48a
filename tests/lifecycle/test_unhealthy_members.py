"""While a member is sick nothing is touched, whatever asks for it; when it is well again, things go on."""

from __future__ import annotations

import httpx
import pytest

from tests.cluster.cluster import wait_for, writes
from tests.lifecycle.changes import one_member
from tests.lifecycle.faults import Fault, cut_off, full, paused, stopped
from tests.lifecycle.live import Live
from tests.lifecycle.update import Update

CHANGED, SICK = 2, 3
PATIENCE = 10
"""Seconds that a run waits for health, or for a droplet, before it fails: the least that the settings allow."""


@pytest.mark.parametrize("fault", [stopped, paused, full, cut_off], ids=lambda each: each.__name__)
def test_a_rolling_change_is_refused_while_a_member_is_unhealthy(
    live: Live, control: httpx.Client, fault: Fault
) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case(f"a change while a member is {fault.__name__}", planned=False):
        with live.broken(sick):
            with fault(live, sick):
                live.wait_down(sick)
                control.delete("/requests")
                refusal = refused(live, *one_member(live, CHANGED))
            assert f"Before {live.name(CHANGED)} may change" in refusal
            assert sick in refusal
            assert f"pulumi up --target-replace '{live.urn(SICK)}'" in refusal
            assert writes(control) == []
            live.assert_all_up()
            assert live.droplets() == before
            live.assert_all_up()
            wait_unlocked(live)
        live.up()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


def test_a_member_blocks_its_replacement_while_another_is_unhealthy(
    live: Live, control: httpx.Client
) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.configured(dropletTimeoutSeconds=PATIENCE):
        # How long the provider waits for a shutdown is what an earlier run has recorded.
        live.up()
    with live.case("--replace and drift while a member is stopped", planned=False):
        with live.broken(sick), stopped(live, sick):
            live.wait_down(sick)
            output = refused(live, "--replace", live.urn(CHANGED))
            assert f"{live.name(CHANGED)} refuses to be shut down" in output
            wait_unlocked(live)
            live.drift(control, CHANGED)
            output = refused(live)
            assert f"{live.name(CHANGED)} refuses to be shut down" in output
            assert live.droplets() == before
            live.assert_all_up()
            wait_unlocked(live)
        live.up()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


def test_a_run_goes_on_when_the_unhealthy_member_recovers_in_time(live: Live, control: httpx.Client) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case("drift while a member is stopped, and soon well again", planned=False):
        with live.broken(sick), stopped(live, sick):
            live.wait_down(sick)
            live.drift(control, CHANGED)
            update = Update(live)
            wait_for(update.output, lambda output: "refuses to be shut down" in output, "the refusal")
            live.assert_all_up()
        assert "it is asked again" in update.finish()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


@pytest.mark.parametrize("left", ["by a teardown that was broken off", "by a run all at once"])
def test_left_over_tags_let_no_member_be_replaced_while_one_is_unhealthy(live: Live, left: str) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case(f"--replace with markers left {left}", planned=False):
        if "teardown" in left:
            # What a destroy does first, and with it ends every member's veto.
            live.digitalocean("DELETE", f"/v2/tags/etcd-etcd-{live.stack}-up")
        else:
            with live.configured(rollout="all-at-once"):
                live.up()
        with live.broken(sick), stopped(live, sick):
            live.wait_down(sick)
            assert f"Before {live.name(1)} may change" in refused(live, "--replace", live.urn(CHANGED))
            assert live.droplets() == before
        live.up()
    assert live.droplets() == before


@pytest.mark.parametrize("fault", [paused, cut_off], ids=lambda each: each.__name__)
def test_a_member_that_ignores_its_shutdown_is_replaced_by_command(live: Live, fault: Fault) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case(f"--replace of a member that is {fault.__name__}", planned=False), live.broken(sick):
        with fault(live, sick):
            live.wait_down(sick)
            if fault is cut_off:
                inhibitors = "systemd-inhibit --list --no-legend --no-pager --mode=block"
                wait_for(lambda: live.on(sick, inhibitors), lambda listed: "etcd" in listed, "veto")
            output = live.up("--replace", live.urn(SICK))
        assert (
            f"{sick} is not healthy, and did not shut down when it was asked to: its power is cut" in output
        )
    assert {name for name, droplet in live.droplets().items() if droplet != before[name]} == {sick}


def wait_unlocked(live: Live) -> None:
    """DigitalOcean locks a droplet for as long as its shutdown may take, and nothing else can be asked of it."""
    droplet = live.droplets()[live.name(CHANGED)]
    wait_for(
        lambda: live.digitalocean("GET", f"/v2/droplets/{droplet}")["droplet"],
        lambda seen: not seen["locked"],
        "end of the shutdown that was refused",
    )


def refused(live: Live, *arguments: str) -> str:
    """What a run says that fails for want of health."""
    with live.configured(healthTimeoutSeconds=PATIENCE, dropletTimeoutSeconds=PATIENCE):
        return live.fail(*arguments)
