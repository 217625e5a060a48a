"""Bytes as printable characters."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from components.userdata.base94 import encode


def decode(text: str) -> bytes:
    """The bytes of a text, with the zero bytes that fill the last group."""
    groups = [text[start : start + 11] for start in range(0, len(text), 11)]
    numbers = [sum((ord(digit) - 33) * 94**place for place, digit in enumerate(group)) for group in groups]
    return b"".join(number.to_bytes(9, "big") for number in numbers)


@given(st.binary(max_size=40))
def test_encoded_bytes_can_be_decoded(data: bytes) -> None:
    text = encode(data)
    assert decode(text).rstrip(b"\0") == data.rstrip(b"\0")
    assert len(text) == -(-len(data) // 9) * 11
    assert set(text) <= set(string.printable) - set(string.whitespace)


def test_the_largest_group_takes_eleven_characters() -> None:
    assert decode(encode(b"\xff" * 9)) == b"\xff" * 9
