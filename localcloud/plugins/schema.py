"""The schema of resources' properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from localcloud.plugins.values import UNKNOWN, Properties, has_unknown


class Shape(Enum):
    """The type of a property's value, which determines how two values are compared."""

    SCALAR = auto()
    LIST = auto()
    SET = auto()
    """A sorted list. It is unknown if one of its scalars is unknown."""
    OBJECT = auto()


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property of a resource. If it is neither required nor optional, only the provider sets it."""

    shape: Shape = Shape.SCALAR
    required: bool = False
    optional: bool = False
    computed: bool = False
    """Whether the provider sets it if the program does not."""
    replace: bool = False
    """Whether a changed value requires a replacement."""
    replace_when: Callable[[Any, Any], bool] | None = None
    """Returns whether a change from the first value to the second requires a replacement."""
    renewed: bool = False
    """Whether every update computes it again."""
    secret: bool = False
    default: Any = None
    nested: Mapping[str, Field] | None = None
    """The properties of nested objects."""
    stored: Callable[[Any], Any] | None = None
    """Returns the value that the state contains for an input."""
    alike: Callable[[Any, Any], bool] | None = None
    """Returns whether a stored value and an input are equivalent."""

    @property
    def settable(self) -> bool:
        """Whether a program can set it."""
        return self.required or self.optional

    def normal(self, value: Any) -> Any:
        """Return the normal form of a value, which is stored and compared."""
        if value is None or value == UNKNOWN:
            return value
        if self.shape is Shape.OBJECT:
            return self._normal_object(value)
        if self.shape is Shape.SCALAR:
            return self.stored(value) if self.stored else value
        if self.nested is not None:
            if UNKNOWN in value:
                return UNKNOWN
            items = [self._normal_object(item) for item in value]
            return sorted(items, key=_object_order) if self.shape is Shape.SET else items
        if self.shape is Shape.SET:
            return UNKNOWN if has_unknown(value) else sorted(set(value))
        return list(value)

    def _normal_object(self, value: Mapping[str, Any]) -> Properties:
        if self.nested is None:
            return dict(value)
        result: Properties = {}
        for key, field in self.nested.items():
            inner = field.normal(value.get(key))
            if inner is None and field.shape is Shape.SET:
                inner = []
            if inner is not None:
                result[key] = inner
        return result


Fields = Mapping[str, Field]
"""A resource's properties by name."""


def _object_order(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    # Terraform orders sets of objects by their attributes in alphabetical order.
    return [(key, str(value[key])) for key in sorted(value)]
