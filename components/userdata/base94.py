"""Write bytes as the 94 printable ASCII characters, which YAML keeps as they are in a block scalar.

Nine bytes take eleven characters. The 64 KiB of user data then hold 1 KB more than with ``base64.b85encode``.
``cloud-init/unpack.py`` has the opposite direction.
"""

from __future__ import annotations

FIRST = ord("!")
BASE = 94
GROUP_BYTES = 9
GROUP_CHARACTERS = 11

_CHARACTERS = [chr(FIRST + digit) for digit in range(BASE)]
_PAIRS = [low + high for high in _CHARACTERS for low in _CHARACTERS]
"""Both characters of each number below 94², the lower digit first. Two at a time are quicker than one."""


def encode(data: bytes) -> str:
    """The characters of ``data``. Zero bytes fill its last group, and bzip2 ignores them when it unpacks."""
    characters: list[str] = []
    for start in range(0, len(data), GROUP_BYTES):
        number = int.from_bytes(data[start : start + GROUP_BYTES].ljust(GROUP_BYTES, b"\0"), "big")
        for _ in range(GROUP_CHARACTERS // 2):
            number, pair = divmod(number, BASE * BASE)
            characters.append(_PAIRS[pair])
        characters.append(_CHARACTERS[number])
    return "".join(characters)
