"""Plans a resource's state from a program's inputs, and computes the difference of two states.

The rules are those of Terraform's provider SDKs, on which Pulumi's bridged providers are built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Shape
from localcloud.plugins.values import UNKNOWN, Properties, elements


class ChangeKind(Enum):
    """The kind of change of one value."""

    ADD = auto()
    DELETE = auto()
    UPDATE = auto()


@dataclass
class Plan:
    """The planned state of a resource after an operation."""

    state: Properties
    """Every property of the resource; ``None`` means no value."""
    changed: list[str] = field(default_factory=list[str])
    """Properties that differ from the former state, sorted."""
    replaces: list[str] = field(default_factory=list[str])
    """The changed properties that require a replacement, sorted."""


def plan(
    resource: Resource[Any],
    inputs: Properties,
    prior: Properties | None = None,
    ignored: Sequence[str] = (),
) -> Plan:
    """Return the plan for a new resource, or for a resource with the state ``prior``."""
    planned: Properties = {
        key: _planned(spec, inputs.get(key), prior, key, key in ignored)
        for key, spec in resource.fields.items()
    }
    resource.check_plan(planned, prior)
    if prior is None:
        resource.adjust_plan(planned, None)
        return Plan(planned)
    if _changed(resource, planned, prior):
        for key, spec in resource.fields.items():
            if spec.renewed and inputs.get(key) is None and spec.default is None:
                planned[key] = UNKNOWN
    forced = resource.adjust_plan(planned, prior)
    changed = sorted({*_changed(resource, planned, prior), *forced})
    replaces = [
        key for key in changed if key in forced or _replaces(resource.fields[key], prior, planned, key)
    ]
    return Plan(planned, changed, replaces)


def _planned(spec: Field, given: Any, prior: Properties | None, key: str, ignored: bool) -> Any:
    former = None if prior is None else prior.get(key)
    if prior is not None and ignored:
        return former
    if given is not None and spec.settable:
        value = spec.normal(given)
        if prior is not None and former is not None and spec.alike and spec.alike(former, given):
            return former
        return value
    if spec.default is not None:
        return spec.default
    if spec.computed:
        return UNKNOWN if prior is None else former
    # For Terraform a missing property equals an empty one, so this is no change.
    return former if former in ("", [], {}) else None


def _changed(resource: Resource[Any], planned: Properties, prior: Properties) -> list[str]:
    return sorted(
        key
        for key, spec in resource.fields.items()
        if planned.get(key) != _comparable(spec, prior.get(key), planned.get(key))
    )


def _comparable(spec: Field, former: Any, planned: Any) -> Any:
    if spec.stored is not None or spec.shape is Shape.SCALAR:
        return former
    if former is None and planned == []:
        return []
    return spec.normal(former)


def _replaces(spec: Field, prior: Properties, planned: Properties, key: str) -> bool:
    if spec.replace_when is not None and spec.replace_when(prior.get(key), planned.get(key)):
        return True
    return spec.replace


def detailed(spec: Field, key: str, former: Any, planned: Any, given: Any) -> Mapping[str, ChangeKind]:
    """Return the changed paths of one property, with each element of a set.

    A removed element is named by its index in the state, an added one by its index in the program's inputs.
    """
    if former is None:
        return {key: ChangeKind.ADD}
    if planned is None:
        return {key: ChangeKind.DELETE}
    if spec.shape is not Shape.SET or planned == UNKNOWN:
        return {key: ChangeKind.UPDATE}
    old_items: list[Any] = spec.normal(former)
    new_items: list[Any] = [spec.normal([item])[0] for item in elements(given)]
    paths: dict[str, ChangeKind] = {}
    for index, item in enumerate(old_items):
        if item not in new_items:
            paths[f"{key}[{index}]"] = ChangeKind.DELETE
    for index, item in enumerate(new_items):
        if item not in old_items:
            path = f"{key}[{index}]"
            paths[path] = ChangeKind.UPDATE if path in paths else ChangeKind.ADD
    return paths


def settled(planned: Properties, state: Properties) -> Properties:
    """Return the state after an operation: an empty collection that was not planned becomes ``None``."""
    return {
        key: None if value == [] and planned.get(key) is None else value
        for key, value in state.items()
        if value != UNKNOWN
    }
