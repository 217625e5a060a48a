"""Does what the page asks for, through the local cloud's control API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from console.local.control import DIGITALOCEAN, Control, ControlError
from console.server.source import ActionRefusedError
from console.view.actions import DnsAction, FaultAction, FaultEnd, MemberAction

_POWER = {"power-off": "power_off", "power-on": "power_on"}
_SWITCHES = {
    "pause": ("paused", True),
    "resume": ("paused", False),
    "cut-off": ("cut-off", True),
    "reconnect": ("cut-off", False),
}
TAKING_DOWN = {"power-off", "pause", "cut-off", "wipe", "destroy"}
"""The actions on a member that take it down."""
WIPE_SECONDS = 70.0
"""Seconds for which a machine may stop its etcd and delete its data."""
POWER_SECONDS = 30.0
"""Seconds for which an action on a droplet's power is followed. After that it may still succeed."""
_POLL_SECONDS = 0.2
_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "down": {"kind": "down"},
    "slow": {"kind": "latency", "seconds": 5},
    "errors": {"kind": "status", "status": 503},
}
"""The faults of the control API."""

CloudAction = MemberAction | FaultAction | FaultEnd | DnsAction
"""An action on the cloud: any one but those of the writer."""


async def act(control: Control, action: CloudAction, droplet: int | None) -> None:
    """Do it. ``droplet`` is the id of the member's droplet, if the action is about one that has any.

    Raises ``ActionRefusedError``.
    """
    try:
        match action:
            case MemberAction():
                if droplet is None:
                    raise ActionRefusedError(f"{action.member} has no droplet: run pulumi up to create it")
                await _act_on_droplet(control, action, droplet)
            case FaultAction():
                fault = {"service": action.service, **_FAULTS[action.fault]}
                await control.ask("POST", "/faults", json=fault)
            case FaultEnd():
                await control.ask("DELETE", f"/faults/{action.id}")
            case DnsAction():
                await control.ask("PUT", "/name-server", json={"paused": action.kind == "stop-dns"})
    except ControlError as error:
        raise ActionRefusedError(str(error)) from error


async def _act_on_droplet(control: Control, action: MemberAction, droplet: int) -> None:
    kind = action.kind
    if kind in _POWER:
        path = f"{DIGITALOCEAN}/droplets/{droplet}/actions"
        asked = await control.ask("POST", path, json={"type": _POWER[kind]})
        if await _end_of(control, asked["action"]) == "errored":
            raise ActionRefusedError(
                f"{action.member} did not {kind.replace('-', ' ')}: the log of the local cloud's API says why"
            )
    elif kind in _SWITCHES:
        name, on = _SWITCHES[kind]
        await control.ask("PUT", f"/droplets/{droplet}/{name}", json={name.replace("-", "_"): on})
    elif kind == "wipe":
        await control.ask("POST", f"/droplets/{droplet}/wipe", timeout=WIPE_SECONDS)
    else:
        await control.ask("DELETE", f"{DIGITALOCEAN}/droplets/{droplet}")


async def _end_of(control: Control, action: Mapping[str, Any]) -> str:
    """The status with which an action of DigitalOcean ends, or the last one that was seen."""
    deadline = time.monotonic() + POWER_SECONDS
    while action["status"] == "in-progress" and time.monotonic() < deadline:
        await asyncio.sleep(_POLL_SECONDS)
        action = (await control.ask("GET", f"{DIGITALOCEAN}/actions/{action['id']}"))["action"]
    return action["status"]
