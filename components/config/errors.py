"""What is wrong with a configuration."""

from __future__ import annotations

import pulumi


class ConfigurationError(pulumi.RunError):
    """The stack's configuration cannot be used; its text has one line for each wrong key."""


class ConflictingSettingsError(ValueError):
    """A value that is well-formed but does not go with the others."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"etcd:{key} is {value}: {remedy}")
