"""Converts property values between the engine's wire format and plain Python values.

The forms of unknown values and secrets are those of Pulumi's SDKs, ``sdk/go/common/resource/plugin/rpc.go``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf.struct_pb2 import ListValue, Struct, Value

Properties = dict[str, Any]
"""A resource's inputs or state by property name. Numbers without a fraction are ``int``."""

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""In a preview: a value that is not known yet. It is this string on the wire and in Python."""

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in its state and hides in its output."""

    value: Any


def decode(struct: Struct) -> Properties:
    """Return the plain values of a message's properties. Secrets are unwrapped."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> Struct:
    """Return a message's properties for plain values."""
    struct = Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key])
    return struct


def elements(value: Any) -> list[Any]:
    """Return a list's elements; empty without a value."""
    return value or []


def members(value: Any) -> Properties:
    """Return an object's members; empty without a value."""
    return value or {}


def has_unknown(value: object) -> bool:
    """Return whether the value, or a value inside it, is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(inner) for inner in cast(Mapping[str, object], value).values())
    if isinstance(value, list):
        return any(has_unknown(inner) for inner in cast(list[object], value))
    return value == UNKNOWN


def _decode(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _decode_object(value.struct_value)
    return None


def _decode_object(struct: Struct) -> Any:
    fields = struct.fields
    if _SIGNATURE not in fields:
        return decode(struct)
    form = fields[_SIGNATURE].string_value
    if form == _SECRET:
        return _decode(fields["value"])
    if form == _OUTPUT:
        return _decode(fields["value"]) if "value" in fields else UNKNOWN
    raise ValueError(f"a property has the special form {form}: only plain values and secrets are expected")


def _encode(value: Any, into: Value) -> None:
    if value is None:
        into.null_value = 0  # type: ignore[assignment] - the enum's only value
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, (int, float)):
        into.number_value = value
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, Secret):
        into.struct_value.CopyFrom(encode({_SIGNATURE: _SECRET, "value": value.value}))
    elif isinstance(value, Mapping):
        into.struct_value.CopyFrom(encode(cast(Mapping[str, Any], value)))
    elif isinstance(value, Sequence):
        items = ListValue()
        for item in cast(Sequence[Any], value):
            _encode(item, items.values.add())
        into.list_value.CopyFrom(items)
    else:
        raise TypeError(f"a {type(value).__name__} cannot be a property value")
