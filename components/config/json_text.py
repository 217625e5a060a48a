"""Values of a stack's configuration, which Pulumi keeps as texts."""

from __future__ import annotations

import json
from typing import Any


def parsed_json(value: Any) -> Any:
    """The value that a text of JSON stands for, or the text itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
