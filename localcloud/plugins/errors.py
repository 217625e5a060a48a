"""Errors that a provider reports to the engine."""

from __future__ import annotations

import os
import sys
from typing import Never


class ProviderError(Exception):
    """An operation failed. The text is shown to the user."""


class GoneError(ProviderError):
    """The object does not exist in the API."""


class NoAnswerError(ProviderError):
    """The API answered none of a request's attempts."""


class StatusError(ProviderError):
    """The API answered a request with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def crash(cause: NoAnswerError) -> Never:
    """End the process, like a provider in Go that reads the status of an answer which it did not get."""
    print(
        f"panic: runtime error: invalid memory address or nil pointer dereference\n{cause}",
        file=sys.stderr,
        flush=True,
    )
    os._exit(2)
