"""What a provider knows of its resources' properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from localcloud.plugins.values import UNKNOWN, Properties, has_unknown


class Shape(Enum):
    """How a property's value is built, which decides how two of them are compared."""

    SCALAR = auto()
    LIST = auto()
    SET = auto()
    """Kept sorted; unknown as a whole as soon as one scalar in it is."""
    OBJECT = auto()


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property of a resource. Neither required nor optional means that only the provider sets it."""

    shape: Shape = Shape.SCALAR
    required: bool = False
    optional: bool = False
    computed: bool = False
    """The provider sets it where the program does not."""
    replace: bool = False
    """Another value needs another resource."""
    replace_when: Callable[[Any, Any], bool] | None = None
    """Whether this change, from the first value to the second, needs another resource."""
    renewed: bool = False
    """Computed anew by every update."""
    secret: bool = False
    default: Any = None
    nested: Mapping[str, Field] | None = None
    """The properties of the value's objects."""
    stored: Callable[[Any], Any] | None = None
    """What the state keeps of an input."""
    alike: Callable[[Any, Any], bool] | None = None
    """Whether a stored value and an input mean the same."""

    @property
    def settable(self) -> bool:
        """Whether a program may set it."""
        return self.required or self.optional

    def normal(self, value: Any) -> Any:
        """The form in which a value is stored and compared."""
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
