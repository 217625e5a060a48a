"""The lines that a run says. The engine displays them, and a console shows them."""

from __future__ import annotations

import pulumi

from .events import Said
from .report import report


def info(text: str) -> None:
    """Say what the program does, or waits for."""
    pulumi.log.info(text)
    report(Said(severity="info", text=text))


def warn(text: str) -> None:
    """Say what the user should know or do."""
    pulumi.log.warn(text)
    report(Said(severity="warning", text=text))
