"""The archive of the files that differ between members."""

from __future__ import annotations

import hashlib
import json
import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.userdata.archive import ArchivedFile
from components.userdata.filler import BASE64, random_bytes, random_text
from components.userdata.member_archive import END, pack_member, pem_lines

from .unpacking import unpacked_archives

PEM = "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n"


def blocks_in(packed: bytes) -> bytes:
    return lzma.decompress(packed).partition(END)[2]


def test_packing_gives_the_same_bytes_on_every_machine() -> None:
    """The encoder's choices show in data that is partly random and partly repeated."""
    parts = [random_text(length, BASE64) for length in range(20, 600, 20)]
    text = "".join(parts[number * 7 % len(parts)] for number in range(90))
    block = PEM.format(pem_lines(random_bytes(2000, seed="")))
    packed = pack_member([ArchivedFile("a.json", text), ArchivedFile("ca.pem", block * 2)])
    assert (
        hashlib.sha256(packed).hexdigest()
        == "ea0bbfd91e56baebe2c61a0c29e78ba8514055078391ab8c2a85d2e4a49e5491"
    )


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_pem_blocks_can_be_restored(first: bytes, second: bytes) -> None:
    bundle = PEM.format(pem_lines(first)) + PEM.format(pem_lines(second))
    files = {"ca.pem": bundle, "backup.json": json.dumps({"caCertificate": bundle})}
    packed = pack_member(ArchivedFile(path, text) for path, text in files.items())
    assert blocks_in(packed) == (first + second) * 2
    assert unpacked_archives(member=packed) == files


@pytest.mark.parametrize("lines", ["QUJD\nQUJD\n", "QUJ\n", "Q" * 76 + "\n", "QUJDRA=\n", "QUJDRF==\n"])
def test_a_block_in_an_unusual_form_stays_as_it_is(lines: str) -> None:
    text = PEM.format(lines)
    packed = pack_member([ArchivedFile("ca.pem", text)])
    assert blocks_in(packed) == b""
    assert unpacked_archives(member=packed) == {"ca.pem": text}


@settings(max_examples=25)
@given(st.text(st.characters(max_codepoint=126, exclude_characters="\0\1\r"), max_size=200))
def test_any_text_can_be_restored(text: str) -> None:
    assert unpacked_archives(member=pack_member([ArchivedFile("a", text)])) == {"a": text}


def test_a_character_that_is_not_ascii_is_rejected() -> None:
    with pytest.raises(UnicodeEncodeError):
        pack_member([ArchivedFile("a.json", "name = 'ü'\n")])
