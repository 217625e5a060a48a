"""Computes the inputs after a refresh or an import."""

from __future__ import annotations

from typing import Any, cast

from localcloud.plugins.autonaming import DEFAULTS
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field
from localcloud.plugins.values import Properties


def refreshed(
    resource: Resource[Any], inputs: Properties, prior: Properties, state: Properties
) -> Properties:
    """Return the inputs that describe ``state``. The program's inputs are kept where they still describe it."""
    result: Properties = {}
    for key, given in inputs.items():
        spec = resource.fields.get(key)
        if spec is None:
            if key == DEFAULTS and given:
                result[key] = given
            continue
        current = state.get(key)
        unchanged = spec.normal(current) == spec.normal(prior.get(key)) if spec.stored is None else None
        if unchanged is None:
            unchanged = current == prior.get(key)
        kept = given if unchanged or spec.normal(given) == current else _as_input(spec, current)
        if kept is not None:
            result[key] = _without_marks(kept)
    return result


def imported(resource: Resource[Any], state: Properties) -> Properties:
    """Return the inputs of an imported object."""
    return {
        key: value
        for key, spec in resource.fields.items()
        if spec.settable and (value := _as_input(spec, state.get(key))) not in (None, "", [], spec.default)
    }


def _as_input(spec: Field, value: Any) -> Any:
    if spec.nested is not None and isinstance(value, list):
        items = cast("list[dict[str, Any]]", value)
        return [{key: inner for key, inner in item.items() if inner not in (None, "", [])} for item in items]
    return value


def _without_marks(value: Any) -> Any:
    """Remove nested ``__defaults``, which only checked inputs have."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_without_marks(item) for item in items]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: _without_marks(inner) for key, inner in fields.items() if key != DEFAULTS}
    return value
