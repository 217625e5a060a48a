"""Orders to a process inside the local cloud: one JSON document a line, each with one answer.

An answer is ``{"answer": …}``, or ``{"problem": TEXT}`` where an order could not be carried out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def obey(orders: Mapping[str, Callable[..., Any]]) -> None:
    """Answer orders until the pipe is closed."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"answer": orders[order.pop("order")](**order)}
        except Exception as error:
            # Others may follow, so no error may end this process.
            answer = {"problem": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
