"""From a program's inputs to a planned state, and from two states to their difference.

The rules are those of Terraform's provider SDKs, whose answers Pulumi's bridged providers pass on.
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
    """What happens to one value."""

    ADD = auto()
    DELETE = auto()
    UPDATE = auto()


@dataclass
class Plan:
    """What the state will be after an operation."""

    state: Properties
    """Every property of the resource, ``None`` where it has no value."""
    changed: list[str] = field(default_factory=list[str])
    """Properties that differ from the former state, sorted."""
    replaces: list[str] = field(default_factory=list[str])
    """Those of them that need another resource, sorted."""


def plan(
    resource: Resource[Any],
    inputs: Properties,
    prior: Properties | None = None,
    ignored: Sequence[str] = (),
) -> Plan:
    """The plan for a new resource, or for the one whose state is ``prior``."""
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
    # An unset property and an empty one are the same to Terraform: no change.
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
    """The changed paths of one property, elements of sets one by one.

    A removed element is named by its place in the state, an added one by its place in the program's inputs.
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
    """The state after an operation: an empty collection that nobody asked for counts as no value."""
    return {
        key: None if value == [] and planned.get(key) is None else value
        for key, value in state.items()
        if value != UNKNOWN
    }
