"""One plain ``pulumi up`` powers on a machine that is off, whatever switched it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from testbed.cluster import wait_for
from testbed.update import Update
from tests.lifecycle.live import Live

MEMBER = 2
DETACH = {"method": "POST", "path": "^/v2/volumes/[^/]+/actions$"}
DELETE = {"method": "DELETE", "path": "^/v2/droplets/[0-9]+$"}


def test_a_replacement_killed_after_the_shutdown_leaves_no_machine_off(
    live: Live, control: httpx.Client
) -> None:
    before = live.droplets()
    with live.case("--replace killed after the shutdown", planned=False):
        # The provider retries 503, so it stays at the call after the shutdown.
        control.put("/faults", json=[fault(DETACH, 503)]).raise_for_status()
        update = Update(live, "--replace", live.urn(MEMBER))
        wait_for(lambda: droplet(live), lambda one: one["status"] == "off" and not one["locked"], "shutdown")
        update.kill()
        live.pulumi("cancel", "--yes")
        control.delete("/faults")
        # The state after somebody switched the machine off.
        assert droplet(live)["volume_ids"]
        assert f"of {live.name(MEMBER)}, which is off" in live.up()
    assert live.droplets() == before


def test_a_replacement_that_fails_before_deletion_leaves_no_machine_off(
    live: Live, control: httpx.Client
) -> None:
    before = live.droplets()
    with live.case("--replace whose deletion fails", planned=False):
        control.put("/faults", json=[{**fault(DELETE, 501), "times": 1}]).raise_for_status()
        live.fail("--replace", live.urn(MEMBER))
        assert (droplet(live)["status"], droplet(live)["volume_ids"]) == ("off", [])
        # The engine itself attaches the volume again.
        assert f"of {live.name(MEMBER)}, which is off" in live.up()
    assert live.droplets() == before


def test_a_droplet_that_is_active_too_late_is_kept_by_the_next_run(live: Live, control: httpx.Client) -> None:
    with live.case("--replace whose creation takes too long", planned=False):
        control.put("/droplet-creation", json={"paused": True}).raise_for_status()
        with live.configured(healthTimeoutSeconds=10, dropletTimeoutSeconds=10):
            assert "to become ready: timeout" in live.fail("--replace", live.urn(MEMBER))
        late = live.droplets()
        control.put("/droplet-creation", json={"paused": False}).raise_for_status()
        live.up()
    assert live.droplets() == late


def droplet(live: Live) -> Mapping[str, Any]:
    return live.digitalocean("GET", f"/v2/droplets/{live.droplets()[live.name(MEMBER)]}")["droplet"]


def fault(call: Mapping[str, str], status: int) -> dict[str, Any]:
    return {"service": "digitalocean", **call, "kind": "status", "status": status}
