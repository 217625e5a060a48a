"""Nothing is touched while a member is unhealthy. Runs go on once it is healthy again."""

from __future__ import annotations

import httpx
import pytest

from testbed.changes import one_member
from testbed.cluster import wait_for, writes
from testbed.faults.disks import full
from testbed.faults.kinds import MemberFault
from testbed.faults.machines import paused
from testbed.faults.network import cut_off, unreached
from testbed.faults.processes import stopped
from testbed.update import Update
from tests.lifecycle.live import Live

CHANGED, UNHEALTHY = 2, 3
PATIENCE = 10
"""Seconds that a run waits for health or for a droplet: the least that the settings allow."""

TOLD: dict[MemberFault, str] = {
    stopped: "its machine says: etcd is stopped",
    paused: "Its machine is unresponsive",
    full: "Enlarge the volume",
    cut_off: "does it boot, and has it a network?",
}
"""What a refusal says about the member with each fault."""


@pytest.mark.parametrize("fault", [stopped, paused, full, cut_off], ids=lambda each: each.__name__)
def test_a_rolling_change_is_refused_while_a_member_is_unhealthy(
    live: Live, control: httpx.Client, fault: MemberFault
) -> None:
    unhealthy, before = live.name(UNHEALTHY), live.droplets()
    with live.case(f"a change while a member is {fault.__name__}", planned=False):
        with live.broken(unhealthy):
            with fault(live, unhealthy):
                live.wait_down(unhealthy)
                control.delete("/requests")
                refusal = refused(live, *one_member(live, CHANGED))
            assert f"Before {live.name(CHANGED)} may change" in refusal
            assert unhealthy in refusal
            repaired = f"pulumi up --target-replace '{live.urn(UNHEALTHY)}'" in refusal
            # A new droplet would have the same disk.
            assert repaired is (fault is not full)
            assert TOLD[fault] in refusal
            assert writes(control) == []
            live.assert_all_up()
            assert live.droplets() == before
            live.assert_all_up()
            wait_unlocked(live)
        live.up()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


def test_a_member_that_only_this_machine_cannot_reach_needs_no_new_droplet(live: Live) -> None:
    away = live.name(UNHEALTHY)
    with live.case("a member that only this machine cannot reach", planned=False), live.broken(away):
        with unreached(live, away):
            live.wait_down(away)
            refusal = refused(live)
        assert "Only the way from this machine to the member is interrupted" in refusal
        assert "--target-replace" not in refusal
        # The provider takes its time limit for a shutdown from the state of an earlier run.
        live.up()


def test_a_droplet_that_lost_its_tag_is_named_with_the_command_that_adds_it(live: Live) -> None:
    before, tag = live.droplets(), f"etcd-etcd-{live.stack}"
    droplet = str(before[live.name(UNHEALTHY)])
    resources = {"resources": [{"resource_id": droplet, "resource_type": "droplet"}]}
    command = f"doctl compute droplet tag {droplet} --tag-name {tag}"
    with live.case("a droplet that lost its tag", planned=False):
        live.digitalocean("DELETE", f"/v2/tags/{tag}/resources", resources)
        assert command in live.pulumi("preview")
        refusal = live.fail(*one_member(live, CHANGED))
        assert f"Before {live.name(CHANGED)} may change: not healthy, and waiting does not help" in refusal
        assert f"its droplet {droplet} lacks the tag of the cluster. Add it: {command}" in refusal
        # The request that the command sends.
        live.digitalocean("POST", f"/v2/tags/{tag}/resources", resources)
        assert live.droplets() == before
        live.up()
    changed = {name for name, one in live.droplets().items() if one != before[name]}
    assert changed == {live.name(CHANGED)}


def test_a_member_blocks_its_replacement_while_another_is_unhealthy(
    live: Live, control: httpx.Client
) -> None:
    unhealthy, before = live.name(UNHEALTHY), live.droplets()
    with live.configured(dropletTimeoutSeconds=PATIENCE):
        # The provider takes its time limit for a shutdown from the state of an earlier run.
        live.up()
    with live.case("--replace and drift while a member is stopped", planned=False):
        with live.broken(unhealthy), stopped(live, unhealthy):
            live.wait_down(unhealthy)
            output = refused(live, "--replace", live.urn(CHANGED))
            assert f"{live.name(CHANGED)} blocks its shutdown" in output
            wait_unlocked(live)
            live.drift(control, CHANGED)
            output = refused(live)
            assert f"{live.name(CHANGED)} blocks its shutdown" in output
            assert live.droplets() == before
            live.assert_all_up()
            wait_unlocked(live)
        live.up()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


def test_a_run_goes_on_when_the_unhealthy_member_recovers_in_time(live: Live, control: httpx.Client) -> None:
    unhealthy, before = live.name(UNHEALTHY), live.droplets()
    with live.case("drift while a member is stopped, and soon well again", planned=False):
        with live.broken(unhealthy), stopped(live, unhealthy):
            live.wait_down(unhealthy)
            live.drift(control, CHANGED)
            update = Update(live)
            wait_for(update.output, lambda output: "blocks its shutdown" in output, "the refusal")
            live.assert_all_up()
        assert "the shutdown is requested again" in update.finish()
    assert live.droplets()[live.name(CHANGED)] != before[live.name(CHANGED)]


@pytest.mark.parametrize("left", ["by a teardown that was broken off", "by a run all at once"])
def test_left_over_tags_let_no_member_be_replaced_while_one_is_unhealthy(live: Live, left: str) -> None:
    unhealthy, before = live.name(UNHEALTHY), live.droplets()
    with live.case(f"--replace with markers left {left}", planned=False):
        if "teardown" in left:
            # A destroy does this first. It ends every member's shutdown block.
            live.digitalocean("DELETE", f"/v2/tags/etcd-etcd-{live.stack}-up")
        else:
            with live.configured(rollout="all-at-once"):
                live.up()
        with live.broken(unhealthy), stopped(live, unhealthy):
            live.wait_down(unhealthy)
            assert f"Before {live.name(1)} may change" in refused(live, "--replace", live.urn(CHANGED))
            assert live.droplets() == before
        live.up()
    assert live.droplets() == before


@pytest.mark.parametrize("fault", [paused, cut_off], ids=lambda each: each.__name__)
def test_a_member_that_ignores_its_shutdown_is_replaced_by_command(live: Live, fault: MemberFault) -> None:
    unhealthy, before = live.name(UNHEALTHY), live.droplets()
    with live.case(f"--replace of a member that is {fault.__name__}", planned=False), live.broken(unhealthy):
        with fault(live, unhealthy):
            live.wait_down(unhealthy)
            if fault is cut_off:
                inhibitors = "systemd-inhibit --list --no-legend --no-pager --mode=block"
                wait_for(
                    lambda: live.on(unhealthy, inhibitors), lambda listed: "etcd" in listed, "shutdown block"
                )
            output = live.up("--replace", live.urn(UNHEALTHY))
        assert f"{unhealthy} is unhealthy and did not shut down on request: it is powered off" in output
    assert {name for name, droplet in live.droplets().items() if droplet != before[name]} == {unhealthy}


def wait_unlocked(live: Live) -> None:
    """Wait until DigitalOcean unlocks a droplet, which it locks for the duration of a shutdown."""
    droplet = live.droplets()[live.name(CHANGED)]
    wait_for(
        lambda: live.digitalocean("GET", f"/v2/droplets/{droplet}")["droplet"],
        lambda seen: not seen["locked"],
        "end of the shutdown that was refused",
    )


def refused(live: Live, *arguments: str) -> str:
    """Return the output of a run that fails because a member is unhealthy."""
    with live.configured(healthTimeoutSeconds=PATIENCE, dropletTimeoutSeconds=PATIENCE):
        return live.fail(*arguments)
