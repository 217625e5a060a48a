"""While a member is sick nothing is touched, whatever asks for it; when it is well again, things go on."""

from __future__ import annotations

import httpx
import pytest

from tests.cluster.cluster import wait_for, writes
from tests.lifecycle.changes import one_member
from tests.lifecycle.live import Live
from tests.lifecycle.sickness import Sickness, cut_off, full, paused, stopped
from tests.lifecycle.update import Update

CHANGED, SICK = 2, 3
PATIENCE = 10
"""Seconds that a run waits for health, or for a droplet, before it fails: the least that the settings allow."""


@pytest.mark.parametrize("sickness", [stopped, paused, full, cut_off], ids=lambda each: each.__name__)
def test_a_rolling_change_is_refused_while_a_member_is_sick_and_goes_on_when_it_is_well(
    live: Live, control: httpx.Client, sickness: Sickness
) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case(f"a change while a member is {sickness.__name__}", planned=False):
        with live.broken(sick):
            with sickness(live, sick):
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


def test_a_member_refuses_to_be_replaced_by_command_or_for_drift_while_another_is_sick(
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


def test_a_run_goes_on_by_itself_when_the_sick_member_is_well_before_its_patience_ends(
    live: Live, control: httpx.Client
) -> None:
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
def test_with_markers_that_were_left_nobody_is_replaced_while_another_is_sick(live: Live, left: str) -> None:
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


@pytest.mark.parametrize("sickness", [paused, cut_off], ids=lambda each: each.__name__)
def test_a_member_that_hears_no_shutdown_is_replaced_by_command(live: Live, sickness: Sickness) -> None:
    sick, before = live.name(SICK), live.droplets()
    with live.case(f"--replace of a member that is {sickness.__name__}", planned=False), live.broken(sick):
        with sickness(live, sick):
            live.wait_down(sick)
            if sickness is cut_off:
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
