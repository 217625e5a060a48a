"""Errors in a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic import ValidationError, ValidatorFunctionWrapHandler
from pydantic_core import InitErrorDetails

from .naming import key_of


class ConfigurationError(pulumi.RunError):
    """The stack's configuration is invalid. The text has one line for each wrong key."""


@dataclass(frozen=True)
class WrongPart:
    """A part of a list that is wrong beside the others."""

    value: Any
    remedy: str
    """Why it is wrong, and what to do."""
    path: tuple[int | str, ...] = ()
    """The positions and fields that lead to it. Empty for the list itself."""


def validated_with(wrong: Iterable[WrongPart], value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """The validated value. Raises ``ValidationError`` with all that ``validate`` refuses, and with the wrong parts.

    A validator that comes after would not be called while an entry is wrong, and its errors would come one run later.
    """
    details = [
        InitErrorDetails(
            type="value_error",
            loc=one.path,
            input=one.value,
            ctx={"error": ValueError(one.remedy)},
        )
        for one in wrong
    ]
    validated: Any = None
    try:
        validated = validate(value)
    except ValidationError as error:
        details = [
            *(
                InitErrorDetails(type=one["type"], loc=one["loc"], input=one["input"], ctx=one.get("ctx", {}))
                for one in error.errors()
            ),
            *details,
        ]
    if details:
        raise ValidationError.from_exception_data("list", details)
    return validated


class ConflictingSettingsError(ValueError):
    """A value is well-formed, but conflicts with another one."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"{key_of(key)} is {value}: {remedy}")
