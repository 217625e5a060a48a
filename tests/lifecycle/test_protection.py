"""A protected cluster changes as any other, and is destroyed only after its protection is turned off."""

from __future__ import annotations

import httpx

from testbed.changes import one_member
from testbed.cluster import UP_LIMIT, writes
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import replaces


def test_a_protected_cluster_is_not_destroyed_and_its_members_change(
    live: Live, control: httpx.Client
) -> None:
    before = live.droplets()
    with live.configured(protect=True):
        with live.case("protection is turned on"):
            live.up()
        control.delete("/requests")
        with live.case("a protected cluster refuses to be destroyed"):
            for options in [(), ("--skip-preview",), ("--skip-preview", "--continue-on-error")]:
                refusal = live.run(
                    "pulumi", "destroy", "--yes", "--non-interactive", *options, limit=UP_LIMIT
                )
                assert refusal.returncode != 0
                assert f"etcd-etcd-{live.stack}-protect" in refusal.stdout
                assert "cannot be deleted" in refusal.stdout
        assert writes(control) == []
        assert live.droplets() == before
        with replaces(live, 2), live.case("a member of a protected cluster is replaced"):
            live.up(*one_member(live, 2))
    after = live.droplets()
    with live.case("protection is turned off"):
        live.up()
    assert live.droplets() == after
