"""The filters of a listing: ``name=...``, ``name.contains=...``, with ``match=all`` or ``match=any``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

TESTS: dict[str, Callable[[str, str], bool]] = {
    "": lambda value, wanted: value == wanted,
    "exact": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted in value,
    "startswith": lambda value, wanted: value.startswith(wanted),
    "endswith": lambda value, wanted: value.endswith(wanted),
}


def matches(view: Mapping[str, Any], query: Mapping[str, str], fields: frozenset[str]) -> bool:
    """Return whether a view passes a query's filters on these fields. The comparison ignores case."""
    results: list[bool] = []
    for parameter, wanted in query.items():
        field, _, test = parameter.partition(".")
        if field in fields and test in TESTS:
            value = view.get(field)
            text = (
                str(value).lower()
                if isinstance(value, bool)
                else str("" if value is None else value).casefold()
            )
            results.append(TESTS[test](text, wanted.casefold()))
    return (any if query.get("match") == "any" and results else all)(results)
