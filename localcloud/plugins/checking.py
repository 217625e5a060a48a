"""Checks a program's inputs and adds defaults, before a change is planned."""

from __future__ import annotations

from typing import Any, cast

from localcloud.plugins.autonaming import DEFAULTS, Naming
from localcloud.plugins.provider import Bridge
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field
from localcloud.plugins.values import Properties, Secret


def check(
    resource: Resource[Any], bridge: Bridge, old: Properties, new: Properties, naming: Naming
) -> tuple[Properties, list[str]]:
    """Return the checked inputs, and one sentence for each error."""
    checked = {key: value for key, value in new.items() if value is not None and key != DEFAULTS}
    if bridge is Bridge.SDK:
        checked = _with_defaults(resource, old, checked, naming)
    failures = [
        f"Missing required property '{key}'"
        for key, spec in resource.fields.items()
        if spec.required and checked.get(key) is None
    ]
    for key, spec in resource.fields.items():
        if spec.secret and key in checked:
            checked[key] = Secret(checked[key])
    return checked, failures


def _with_defaults(resource: Resource[Any], old: Properties, given: Properties, naming: Naming) -> Properties:
    defaults: list[str] = []
    checked = {key: _marked(resource.fields.get(key), value) for key, value in given.items()}
    if "name" in resource.fields and "name" not in checked:
        name = naming.name(old)
        if name is not None:
            checked["name"] = name
            defaults.append("name")
    for key, spec in resource.fields.items():
        # Only defaults other than zero become inputs. Zero values appear in the plan.
        if spec.default and key not in checked:
            checked[key] = spec.default
            defaults.append(key)
    return {DEFAULTS: sorted(defaults), **checked}


def _marked(spec: Field | None, value: Any) -> Any:
    if spec is None or spec.nested is None:
        return value
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_marked(spec, item) for item in items]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {DEFAULTS: [], **fields}
    return value
