"""Random text and bytes, which stand for a value of a known length that is not known yet and cannot be compressed."""

from __future__ import annotations

import random
import string

LETTERS = string.ascii_lowercase + string.digits
BASE64 = string.ascii_letters + string.digits + "+/"


def random_text(length: int, characters: str = LETTERS, *, seed: str = "") -> str:
    """A text of ``length`` characters. Equal arguments give equal texts."""
    source = random.Random(f"{length} {characters} {seed}")  # noqa: S311 - no secret
    return "".join(source.choices(characters, k=length))


def random_bytes(length: int, *, seed: str) -> bytes:
    """As many bytes. Equal arguments give equal bytes."""
    return random.Random(f"{length} {seed}").randbytes(length)  # noqa: S311 - no secret
