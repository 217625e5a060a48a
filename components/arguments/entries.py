"""Reads arguments that are lists of dictionaries, whose fields have two names like the arguments themselves."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, cast

import pulumi
from pydantic.alias_generators import to_snake

from ..config.forms import Form


def output_in(value: object, form: Form) -> tuple[int | str, ...] | None:
    """The positions and fields that lead to a part of the value that only a run knows; ``None`` if it has none."""
    if isinstance(value, pulumi.Output) or isawaitable(value):
        return ()
    parts: list[tuple[int | str, object, Form]] = []
    if form.listed and isinstance(value, (list, tuple)):
        parts += ((position, one, form.entry) for position, one in enumerate(cast("list[object]", value)))
    elif form.fields and isinstance(value, Mapping):
        spellings = _spellings(form)
        parts += (
            (spellings[spelling], one, form.fields[spellings[spelling]])
            for spelling, one in cast("Mapping[Any, object]", value).items()
            if spelling in spellings
        )
    for step, one, form_of_one in parts:
        path = output_in(one, form_of_one)
        if path is not None:
            return (step, *path)
    return None


def in_names_of_schema(value: Any, form: Form, name: str, problems: list[str]) -> Any:
    """The value with the schema's names of all fields. ``name`` is the caller's name of the value.

    A field under both names is one of the ``problems``. A field that does not exist stays, and validation refuses it.
    """
    if form.listed and isinstance(value, (list, tuple)):
        entries = cast("list[Any]", value)
        return [
            in_names_of_schema(one, form.entry, f"{name}[{position}]", problems)
            for position, one in enumerate(entries)
        ]
    if not form.fields or not isinstance(value, Mapping):
        return value
    spellings = _spellings(form)
    found: dict[Any, Any] = {}
    written: dict[str, str] = {}
    for spelling, given in cast("Mapping[Any, Any]", value).items():
        if spelling not in spellings:
            found[spelling] = given
            continue
        field = spellings[spelling]
        if field in written:
            problems.append(
                f"{name}.{field} is set twice, as {written[field]} and as {spelling}: remove one of them"
            )
            continue
        written[field] = spelling
        found[field] = in_names_of_schema(given, form.fields[field], f"{name}.{field}", problems)
    return found


def _spellings(form: Form) -> dict[str, str]:
    """The schema's name of each field by both of its names."""
    return {spelling: field for field in form.fields for spelling in (field, to_snake(field))}
