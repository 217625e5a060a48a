"""Write bytes as the 94 printable ASCII characters, which YAML keeps as they are in a block scalar.

Nine bytes take eleven characters. The 64 KiB of user data then hold 1 KB more than with ``base64.b85encode``.
``cloud-init/unpack.py`` has the opposite direction.
"""

from __future__ import annotations

from collections.abc import Iterator

FIRST = ord("!")
BASE = 94
GROUP_BYTES = 9
GROUP_CHARACTERS = 11


def encode(data: bytes) -> str:
    """The characters of ``data``. Zero bytes fill its last group, and bzip2 ignores them when it unpacks."""
    return "".join(
        _characters(data[start : start + GROUP_BYTES]) for start in range(0, len(data), GROUP_BYTES)
    )


def _characters(group: bytes) -> str:
    def digits(number: int) -> Iterator[int]:
        for _ in range(GROUP_CHARACTERS):
            number, digit = divmod(number, BASE)
            yield digit

    number = int.from_bytes(group.ljust(GROUP_BYTES, b"\0"), "big")
    return "".join(chr(FIRST + digit) for digit in digits(number))
