"""When units started on a machine, as systemd wrote it into the machine's journal."""

from __future__ import annotations

import json

from bench.errors import BenchError
from bench.observer import Sighting
from localcloud.cloud import LocalCloud

_STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
"""The id of systemd's message that a unit is starting (``SD_MESSAGE_UNIT_STARTING``, sd-messages.h)."""


def start_of(unit: str, cloud: LocalCloud, sighting: Sighting) -> float:
    """When a unit first started in the boot that was seen, in seconds since the epoch.

    Raises ``BenchError`` when it never did.
    """
    since = f"--since=@{sighting.booted:.3f}"
    options = ("--output=json", "--no-pager", since, f"UNIT={unit}", f"MESSAGE_ID={_STARTING}")
    result = cloud.logs(str(sighting.machine.id), *options, capture_output=True, text=True)
    lines = result.stdout.splitlines()
    if not lines:
        raise BenchError(f"the journal of {sighting.name} has no start of {unit}: {result.stderr}")
    return int(json.loads(lines[0])["__REALTIME_TIMESTAMP"]) / 1e6
