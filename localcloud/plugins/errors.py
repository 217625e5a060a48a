"""What a provider reports to the engine."""

from __future__ import annotations


class ProviderError(Exception):
    """An operation failed; its text is shown to the user."""


class GoneError(ProviderError):
    """The API knows no object with this id."""


class ApiError(ProviderError):
    """The API refused a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
