"""The order in which the real provider sends the elements of sets: by their hash.

Source: Terraform plugin SDK v2, ``helper/schema/set.go`` and ``serialize.go``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def by_hash(values: Iterable[Any]) -> list[Any]:
    """Strings or numbers, as in ``volume_ids``."""
    return sorted(values, key=lambda value: _code(str(value)))


def tags_by_hash(tags: Iterable[str]) -> list[str]:
    """Tags, whose hash ignores upper and lower case."""
    return sorted(tags, key=lambda tag: _code(tag.lower()))


def objects_by_hash(objects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Objects of strings and of sets of strings, by their attributes' names in the API's spelling."""
    return sorted(objects, key=lambda item: _code(_serialized(item)))


def _serialized(item: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for key in sorted(item):
        value = item[key]
        if isinstance(value, Sequence) and not isinstance(value, str):
            elements: list[Any] = tags_by_hash(value) if key.endswith("tags") else by_hash(value)  # type: ignore[arg-type]
            text = "{" + "".join(f"{element};" for element in elements) + "}"
        else:
            text = "" if value is None else str(value)
        parts.append(f"{key}:{text};")
    return "".join(parts)


def _code(text: str) -> str:
    return str(zlib.crc32(text.encode()))
