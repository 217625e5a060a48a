"""The history of a stack: the runs that have ended, as ``pulumi stack history --json`` prints them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Update:
    """A run that changed the state. Previews are not in the history."""

    kind: str
    """``update``, ``destroy``, ``refresh``, ``import`` and so on."""
    began: float
    ended: float
    succeeded: bool


def parse_history(text: str) -> list[Update]:
    """The runs that ``pulumi stack history --json`` prints, the newest first. Entries it cannot read are left out."""
    raise NotImplementedError
