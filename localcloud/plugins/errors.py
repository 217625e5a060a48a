"""What a provider reports to the engine."""

from __future__ import annotations


class ProviderError(Exception):
    """An operation failed; its text is shown to the user."""


class GoneError(ProviderError):
    """The API knows no object with this id."""
