"""The archives of a droplet's files."""

from __future__ import annotations

import bz2
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.userdata.archive import ArchivedFile, pack, pem_lines
from components.userdata.packing import pack_sources
from components.userdata.render import SOURCES

from .unpacking import unpacked_archive

UNPACKER = SOURCES / "unpack_files.py"


def modules_in(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.glob("*.py")}


def test_packing_gives_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "b.py").write_text("b = 2\n")
    (folder / "a.py").write_text("a = 1\n")
    (folder / "unpack").write_text("pass\n")
    packed = pack_sources(modules_in(folder), folder / "unpack", folder)
    assert (
        hashlib.sha256(packed).hexdigest()
        == "3c3430e278214ae2c20e13210d17777ac34f3c588674b85db55c3df2a2406053"
    )
    code, words, *files = bz2.decompress(packed).decode("latin-1").split("\0")
    assert (code, words) == ("pass\n", "py\nroot")
    assert files == ["0644 \x81 a.\x80", "a = 1\n", "0644 \x81 b.\x80", "b = 2\n"]


def test_frequent_words_are_replaced_by_codes_and_can_be_restored() -> None:
    text = "settings = read_settings()\nsettings.name = name\nold = name\n" + "x = name\n" * 300
    packed = pack([ArchivedFile("x.py", text)])
    words, *coded = bz2.decompress(packed).decode("latin-1").split("\0")
    assert words.split("\n") == ["name", "settings"]
    assert coded[1].count(chr(128)) == 303
    assert unpacked_archive(packed) == {"x.py": text}


def test_more_words_than_codes_can_be_restored() -> None:
    text = "".join(
        f"w{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]} = 1\n"
        for n in range(300)
    )
    packed = pack([ArchivedFile("a.py", text * 2)])
    assert len(bz2.decompress(packed).decode("latin-1").partition("\0")[0].split("\n")) == 127
    assert unpacked_archive(packed) == {"a.py": text * 2}


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.text("ab(=", min_size=1, max_size=5)) | st.none(),
        max_size=12,
    )
)
def test_the_indentation_of_every_line_can_be_restored(lines: list[tuple[int, int, str] | None]) -> None:
    text = "\n".join("" if line is None else " " * (4 * line[0] + line[1]) + line[2] for line in lines)
    assert unpacked_archive(pack([ArchivedFile("a.py", text)])) == {"a.py": text}


PEM = "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n"


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_pem_blocks_can_be_restored(first: bytes, second: bytes) -> None:
    text = PEM.format(pem_lines(first)) + PEM.format(pem_lines(second))
    packed = pack([ArchivedFile("ca.pem", text)])
    assert bz2.decompress(packed).count(b"\x7f") == 2
    assert unpacked_archive(packed) == {"ca.pem": text}


@pytest.mark.parametrize("lines", ["QUJD\nQUJD\n", "QUJ\n", "Q" * 76 + "\n", "QUJDRA=\n", "QUJDRF==\n"])
def test_a_block_in_an_unusual_form_stays_as_it_is(lines: str) -> None:
    text = PEM.format(lines)
    assert unpacked_archive(pack([ArchivedFile("ca.pem", text)])) == {"ca.pem": text}


def test_a_character_that_is_not_ascii_is_rejected() -> None:
    with pytest.raises(UnicodeEncodeError):
        pack([ArchivedFile("a.py", "name = 'ü'\n")])


def test_an_archive_is_packed_again_only_when_a_file_changes(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "a.py").write_text("a = 1\n")
    first = pack_sources(modules_in(folder), UNPACKER, folder)
    (kept,) = (folder / "__pycache__").iterdir()
    assert kept.read_bytes() == first == pack_sources(modules_in(folder), UNPACKER, folder)
    (folder / "a.py").write_text("a = 2\n")
    second = pack_sources(modules_in(folder), UNPACKER, folder)
    assert b"a = 2" in bz2.decompress(second)
    assert [file.read_bytes() for file in (folder / "__pycache__").iterdir()] == [second]
    (folder / "a.py").write_text("a = 1\n")
    assert pack_sources(modules_in(folder), UNPACKER, folder) == first
