"""Reads arguments that are lists or dictionaries, whose fields have two names like the arguments themselves."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, cast

import pulumi
from pydantic.alias_generators import to_snake

from ..config.forms import Form

Path = tuple[int | str, ...]
"""The positions and fields that lead to a part of a value."""

LEFT_OUT = object()
"""Stands in a value for a part that has a problem already. Validation refuses it, and its caller leaves that out."""


class Entries:
    """Reads a value, and collects which parts of it cannot be validated."""

    def __init__(self) -> None:
        self.outputs: list[Path] = []
        """The parts that only a run knows."""
        self.twice: dict[Path, tuple[str, str]] = {}
        """The fields that are set under both of their names, with these."""

    @property
    def left_out(self) -> list[Path]:
        """The parts in whose place ``LEFT_OUT`` is."""
        return [*self.outputs, *self.twice]

    def read(self, value: Any, form: Form, path: Path = ()) -> Any:
        """The value with the schema's names of all fields. A field that does not exist stays for validation."""
        if isinstance(value, pulumi.Output) or isawaitable(value):
            self.outputs.append(path)
            return LEFT_OUT
        if form.listed and isinstance(value, (list, tuple)):
            entries = cast("list[Any]", value)
            return [self.read(one, form.entry, (*path, position)) for position, one in enumerate(entries)]
        if not form.fields or not isinstance(value, Mapping):
            return value
        spellings = _spellings(form)
        found: dict[Any, Any] = {}
        written: dict[str, str] = {}
        for spelling, given in cast("Mapping[Any, Any]", value).items():
            field = spellings.get(spelling)
            if field is None:
                found[spelling] = given
            elif field in written:
                self.twice[(*path, field)] = (written[field], spelling)
                found[field] = LEFT_OUT
            else:
                written[field] = spelling
                found[field] = self.read(given, form.fields[field], (*path, field))
        return found


def _spellings(form: Form) -> dict[str, str]:
    """The schema's name of each field by both of its names."""
    return {spelling: field for field in form.fields for spelling in (field, to_snake(field))}
