"""Start times of units, read from the journals of machines."""

from __future__ import annotations

import json

from bench.errors import BenchError
from bench.observer import Boot
from localcloud.cloud import LocalCloud

_STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
"""The id of systemd's message that a unit is starting (``SD_MESSAGE_UNIT_STARTING``, sd-messages.h)."""


def start_of(unit: str, cloud: LocalCloud, boot: Boot) -> float:
    """When a unit first started in a boot, in seconds since the epoch. Raises ``BenchError`` if it did not start."""
    since = f"--since=@{boot.booted:.3f}"
    options = ("--output=json", "--no-pager", since, f"UNIT={unit}", f"MESSAGE_ID={_STARTING}")
    result = cloud.logs(str(boot.machine.id), *options, capture_output=True, text=True)
    lines = result.stdout.splitlines()
    if not lines:
        raise BenchError(f"the journal of {boot.name} has no start of {unit}: {result.stderr}")
    return int(json.loads(lines[0])["__REALTIME_TIMESTAMP"]) / 1e6
