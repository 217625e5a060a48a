"""Says what is wrong with a JSON document."""

from __future__ import annotations

from pydantic import ValidationError


def wrong_fields(error: ValidationError) -> str:
    """Each wrong field with the reason, in one line: ``steps.0.after: Field required; size: …``."""
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, one["loc"])), one["msg"]])) for one in error.errors()
    )
