"""What the clouds' APIs list for a cluster of three members."""

from __future__ import annotations

from typing import Any

from console.local.answers import Answer
from console.local.cloud_state import CloudState
from console.local.machine_facts import MachineFacts
from console.local.members import Inside, Known
from console.view.members import Certificate
from tests.unit.console.statuses import healthy_status

TAG = "etcd-etcd-local"
NAMES = [f"etcd-server-{number}.example.test" for number in (1, 2, 3)]


def droplet(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": 1000 + number,
        "name": NAMES[number - 1],
        "status": "active",
        "tags": [TAG],
        "networks": {
            "v4": [
                {"type": "private", "ip_address": f"10.10.0.{number}"},
                {"type": "public", "ip_address": f"203.0.113.{number}"},
            ]
        },
        **fields,
    }


def cloud_state(**fields: Any) -> CloudState:
    return CloudState(**{"droplets": [droplet(1), droplet(2), droplet(3)], **fields})


def answer(number: int, **fields: Any) -> Answer:
    """What a healthy member answers. The first one leads."""
    return Answer(healthy_status(number, NAMES, **fields), database_bytes=20480, quota_bytes=1 << 30)


def machine(**fields: Any) -> MachineFacts:
    """A machine whose etcd runs."""
    values: dict[str, Any] = {
        "etcd": True,
        "preparing": False,
        "guarded": True,
        "blocks": "",
        "quota_bytes": 2 << 30,
        "certificates": (Certificate(purpose="server", ends=2000.0),),
    }
    return MachineFacts(**values | fields)


def known(**fields: Any) -> Known:
    values: dict[str, Any] = {
        "state": cloud_state(),
        "tag": TAG,
        "answers": {name: answer(at) for at, name in enumerate(NAMES, start=1)},
        "inside": {name: Inside(machine()) for name in NAMES},
        "records": {name: (f"203.0.113.{at}",) for at, name in enumerate(NAMES, start=1)},
    }
    return Known(**values | fields)
