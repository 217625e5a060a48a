"""Orders the elements of sets by their hash, as the real provider sends them.

Source: Terraform plugin SDK v2, ``helper/schema/set.go`` and ``serialize.go``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast


def by_hash(values: Iterable[Any]) -> list[Any]:
    """Order strings or numbers, as in ``volume_ids``."""
    return sorted(values, key=lambda value: _code(str(value)))


def tags_by_hash(tags: Iterable[str]) -> list[str]:
    """Order tags, whose hash ignores case."""
    return sorted(tags, key=lambda tag: _code(tag.lower()))


def objects_by_hash(objects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Order objects of strings and of sets of strings. Attributes have the API's names."""
    return sorted(objects, key=lambda item: _code(_serialized(item)))


def _serialized(item: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for key in sorted(item):
        value = item[key]
        if isinstance(value, Sequence) and not isinstance(value, str):
            members = cast("Sequence[Any]", value)
            elements: list[Any] = tags_by_hash(members) if key.endswith("tags") else by_hash(members)
            text = "{" + "".join(f"{element};" for element in elements) + "}"
        else:
            text = "" if value is None else str(value)
        parts.append(f"{key}:{text};")
    return "".join(parts)


def _code(text: str) -> str:
    return str(zlib.crc32(text.encode()))
