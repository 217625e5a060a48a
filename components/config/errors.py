"""Errors in a configuration."""

from __future__ import annotations

import pulumi

from .naming import key_of


class ConfigurationError(pulumi.RunError):
    """The stack's configuration is invalid. The text has one line for each wrong key."""


class WrongPartError(ValueError):
    """A part of a value is wrong beside the others. ``path`` has the position or the fields that lead to it."""

    def __init__(self, path: int | tuple[int | str, ...], remedy: str) -> None:
        super().__init__(remedy)
        self.path = path if isinstance(path, tuple) else (path,)


class ConflictingSettingsError(ValueError):
    """A value is well-formed, but conflicts with another one."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"{key_of(key)} is {value}: {remedy}")
