"""The history of a stack: the runs that have ended, as ``pulumi stack history --json`` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, TypeAdapter, ValidationError

COMMANDS = {
    "update": "up",
    "up": "up",
    "destroy": "destroy",
    "down": "destroy",
    "refresh": "refresh",
    "import": "import",
    "resource-import": "import",
    "preview": "preview",
}
"""The commands of the page by the names that Pulumi has for them."""


@dataclass(frozen=True)
class Update:
    """A run that changed the state. Previews are not in the history."""

    kind: str
    """``update``, ``destroy``, ``refresh``, ``import`` and so on."""
    began: float
    ended: float
    succeeded: bool


class _Entry(BaseModel):
    kind: str
    startTime: datetime  # noqa: N815 - Pulumi's key
    endTime: datetime  # noqa: N815
    result: str


_LIST: TypeAdapter[list[object]] = TypeAdapter(list[object])


def parse_history(text: str) -> list[Update]:
    """The runs that ``pulumi stack history --json`` prints, the newest first. Entries it cannot read are left out."""
    try:
        entries = _LIST.validate_json(text or "[]")
    except ValidationError:
        return []
    return [update for entry in entries if (update := _update(entry)) is not None]


def _update(entry: object) -> Update | None:
    try:
        known = _Entry.model_validate(entry)
    except ValidationError:
        # A run that goes on has no end yet.
        return None
    return Update(
        known.kind, known.startTime.timestamp(), known.endTime.timestamp(), known.result == "succeeded"
    )
