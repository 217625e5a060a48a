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
        live.configure(size=5)
        update = Update(live)
        wait_for(live.ids, lambda ids: len(ids) > len(kept), "joined member")
        update.kill()
        live.pulumi("cancel", "--yes")
        live.configure(size=None)
        live.up()
        assert live.ids().keys() == set(kept)
    live.up()
    live.up("--expect-no-changes")


def test_a_run_finishes_a_scaling_that_was_killed_before_its_records(live: Live) -> None:
    """The state lacks one of the new droplets, as if the engine was killed while it created this one.

    The next run deletes this droplet, but only when the other new member is healthy. That one has no record yet.
    """
    kept = live.names
    with live.case("3 to 5 members, killed after a droplet, and finished", planned=False, members=kept):
        live.configure(size=5)
        update = Update(live)
        lost, known = (f"{live.urn(3).removesuffix('-3')}-{number}" for number in (4, 5))
        made = {Step("resOutputsEvent", "create", urn) for urn in (lost, known)}
        while not made <= set(update.steps()):
            assert not update.ended, update.output()
            time.sleep(POLL)
        update.kill()
        live.pulumi("cancel", "--yes")
        live.pulumi("state", "delete", "--yes", "--force", lost)
        assert "is not in the stack's state: a run was interrupted" in live.up()
        assert len(live.ids()) == 5
    live.configure(size=None)
    live.up()
    assert live.ids().keys() == set(kept)
