"""The secrets of the stack's configuration, which the engine hides in what it displays."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import cast

from pulumi.runtime.config import CONFIG, get_config_env, get_config_secret_keys_env, is_config_secret

HIDDEN = "[secret]"
"""What the engine shows instead."""
SHORTEST = 3
"""Characters of the shortest value that is hidden. A shorter one would hide parts of words."""


def without_secrets(text: str, secrets: Collection[str]) -> str:
    """The text as the engine shows it: each of the secrets is replaced."""
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def secret_values() -> frozenset[str]:
    """The secrets of this run's configuration, and all texts inside of those that are lists or objects."""
    secret_keys = get_config_secret_keys_env()
    found: set[str] = set()
    for key, value in {**get_config_env(), **CONFIG.get()}.items():
        if isinstance(value, str) and (key in secret_keys or is_config_secret(key)):
            found |= {value, *_texts_in(value)}
    return frozenset(one for one in found if len(one) >= SHORTEST)


def _texts_in(text: str) -> set[str]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return set()
    found: set[str] = set()
    waiting: list[object] = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, list):
            waiting += cast("list[object]", value)
        elif isinstance(value, dict):
            waiting += cast("dict[str, object]", value).values()
    return found
