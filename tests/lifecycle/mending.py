"""Restore the shared stack after a failed case, so that one failure stays one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.lifecycle.live import Live
from tests.lifecycle.update import Update


def mend(live: Live, settings: Mapping[str, Any]) -> None:
    """End the started runs, remove faults, restore settings, and bring all members up.

    A failure here fails the test.
    """
    for update in Update.started:
        if not update.ended:
            update.kill()
    with live.cloud.control as control:
        control.delete("/faults")
        control.put("/droplet-creation", json={"paused": False}).raise_for_status()
        control.put("/droplet-limit", json={"limit": 25}).raise_for_status()
    live.observer.order("excuse", names=[])
    live.set_all(settings)
    live.pulumi("cancel", "--yes")
    live.up()
    live.save_bundle(live.bundle)
    live.wait_up(*live.names)
