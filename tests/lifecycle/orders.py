"""Orders from the tests to a process inside the local cloud: one JSON document a line, each with one answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def obey(orders: Mapping[str, Callable[..., Any]]) -> None:
    """Answer orders until the tests close the pipe."""
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(orders[order.pop("order")](**order)), flush=True)
