"""The health of etcd on a machine."""

from __future__ import annotations

import json
import time
from typing import NamedTuple

from components.etcd.node_report import PATH, parse_report
from components.shared.ports import EXPORTER_PORT
from localcloud.machines.commands import run
from localcloud.machines.errors import CommandTimeoutError, LocalCloudError
from localcloud.machines.machine import NspawnMachine

_METRICS = "http://127.0.0.1:2381"
_STATUS = f"https://127.0.0.1:{EXPORTER_PORT}{PATH}"
"""Where a member's machine says why etcd does not run."""
_LIMIT = 12.0
_SCRIPT = f"""
cd /etc/etcd
systemctl show --property=LoadState --property=ActiveState etcd.service
curl --silent --max-time 5 {_METRICS}/health ||
    curl --silent --max-time 5 --cacert ca.pem --cert server.pem --key server-key.pem {_STATUS} || true
"""


class EtcdHealth(NamedTuple):
    """The health of etcd on a machine."""

    state: str
    """``healthy`` or the problem; empty if the machine has no etcd or is off."""
    why: str = ""
    """Why etcd does not serve, as its machine says; empty if it serves, or says nothing."""


def etcd_health(machine: NspawnMachine) -> EtcdHealth:
    """Return the health of a machine's etcd.

    This is etcd's own health check, asked inside the machine: it also works with expired certificates.
    """
    try:
        lines = run(machine.inside(["sh", "-c", _SCRIPT]), timeout=_LIMIT).splitlines()
    except CommandTimeoutError:
        return EtcdHealth(f"unknown: its machine did not answer within {_LIMIT:.0f} s")
    except LocalCloudError as error:
        return EtcdHealth(f"unknown: {error}" if machine.running else "")
    if "LoadState=loaded" not in lines:
        return EtcdHealth("")
    active = next((line.partition("=")[2] for line in lines if line.startswith("ActiveState=")), "unknown")
    return _verdict(active, lines[-1])


def _verdict(active: str, body: str) -> EtcdHealth:
    try:
        health = json.loads(body)
    except ValueError:
        return EtcdHealth(f"not serving ({active})")
    if "unit" in health:
        return EtcdHealth(f"not serving ({active})", str(parse_report(health, time.time())))
    if health.get("health") == "true":
        return EtcdHealth("healthy")
    return EtcdHealth(f"unhealthy: {health.get('reason') or 'no reason given'}")
