"""What the server is told by a source, and what it may ask of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from console.view.actions import Action
from console.view.page import Page


class ActionRefusedError(Exception):
    """An action was not done. Its text says why, and what to do."""


class Source(Protocol):
    """One stack."""

    def pages(self) -> AsyncGenerator[Page]:
        """Yield all that the page shows, and again when something of it has changed, until the generator is closed.

        The source asks for nothing before the first step and after the end. ``requests`` are the last ones, which the
        page gets when it is opened; each has its own number.
        """
        ...

    async def act(self, action: Action) -> None:
        """Do what the page asks for. Raises ``ActionRefusedError``."""
        ...
