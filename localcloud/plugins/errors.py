"""Errors that a provider reports to the engine."""

from __future__ import annotations


class ProviderError(Exception):
    """An operation failed. The text is shown to the user."""


class GoneError(ProviderError):
    """The object does not exist in the API."""


class StatusError(ProviderError):
    """The API answered a request with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
