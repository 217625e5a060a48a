"""The health of etcd on a machine."""

from __future__ import annotations

import json

from localcloud.machines.commands import run
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.machine import NspawnMachine

_METRICS = "http://127.0.0.1:2381"
_LIMIT = 10.0
_SCRIPT = f"""
systemctl show --property=LoadState --property=ActiveState etcd.service
curl --silent --max-time 5 {_METRICS}/health || true
"""


def etcd_health(machine: NspawnMachine) -> str:
    """Return ``healthy`` or the problem; empty if the machine has no etcd or is off.

    This is etcd's own health check, asked inside the machine: it also works with expired certificates.
    """
    try:
        lines = run(machine.inside(["sh", "-c", _SCRIPT]), timeout=_LIMIT).splitlines()
    except LocalCloudError as error:
        return f"unknown: {error}" if machine.running else ""
    if "LoadState=loaded" not in lines:
        return ""
    active = next((line.partition("=")[2] for line in lines if line.startswith("ActiveState=")), "unknown")
    return _verdict(active, lines[-1])


def _verdict(active: str, body: str) -> str:
    try:
        health = json.loads(body)
    except ValueError:
        return f"not serving ({active})"
    if health.get("health") == "true":
        return "healthy"
    return f"unhealthy: {health.get('reason') or 'no reason given'}"
