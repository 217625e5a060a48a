"""The number of members changes under load: new ones are created in parallel, old ones leave one by one."""

from __future__ import annotations

import time

import httpx

from testbed.cluster import wait_for
from testbed.update import POLL, Step, Update
from tests.lifecycle.live import Live
from tests.lifecycle.sizes import grows, shrinks


def test_members_with_volumes_are_added_removed_and_added_again(live: Live, control: httpx.Client) -> None:
    grows(live, control, 3, 5)
    shrinks(live, 5, 3)


def test_members_of_an_interrupted_run_leave_when_they_are_not_wanted_any_more(live: Live) -> None:
    kept = live.names
    with live.case("3 to 5 members, killed, and back to 3", planned=False, members=kept):
        killed_before_records(live)
        lose(live, 4)
        wait_for(live.ids, lambda ids: len(ids) > len(kept), "joined member")
        live.configure(size=None)
        live.up()
        assert live.ids().keys() == set(kept)
    live.up()
    live.up("--expect-no-changes")


def test_a_run_finishes_a_scaling_that_was_killed_before_its_records(live: Live) -> None:
    """The next run deletes a droplet that is not in its state, but only when the other new member is healthy."""
    kept = live.names
    with live.case("3 to 5 members, killed after a droplet, and finished", planned=False, members=kept):
        killed_before_records(live)
        lose(live, 4)
        assert "is not in the stack's state: a run was interrupted" in live.up()
        assert len(live.ids()) == 5
    live.configure(size=None)
    live.up()
    assert live.ids().keys() == set(kept)


def killed_before_records(live: Live) -> None:
    """Kill a run that adds two members, when it has made their droplets."""
    live.configure(size=5)
    update = Update(live)
    made = {Step("resOutputsEvent", "create", live.urn(number)) for number in (4, 5)}
    while not made <= set(update.steps()):
        assert not update.ended, update.output()
        time.sleep(POLL)
    update.kill()
    live.pulumi("cancel", "--yes")


def lose(live: Live, number: int) -> None:
    """Let the state forget a member's droplet. An engine that was killed may not have saved it."""
    done = live.run("pulumi", "state", "delete", "--yes", "--force", live.urn(number))
    assert done.returncode == 0 or "No such resource" in done.stdout, done.stdout
