"""Errors in a configuration."""

from __future__ import annotations

import pulumi

from .naming import key_of


class ConfigurationError(pulumi.RunError):
    """The stack's configuration is invalid. The text has one line for each wrong key."""


class ConflictingSettingsError(ValueError):
    """A value is well-formed, but conflicts with another one."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"{key_of(key)} is {value}: {remedy}")
