"""The archive of the node's files."""

from __future__ import annotations

import bz2
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.userdata.archive import MOST_CODES, ORDER, ArchivedFile, pack
from components.userdata.packing import pack_sources
from components.userdata.render import SOURCES

from .unpacking import UNPACKING_CODE, unpacked_archives

UNPACKER = SOURCES / "unpack_files.py"


def modules_in(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.glob("*.py")}


def parts_of(packed: bytes) -> list[str]:
    """The code that unpacks, the frequent words, and the heads and contents of the files."""
    return bz2.decompress(packed)[::-1].translate(ORDER).decode("latin-1").split("\0")


def test_packing_gives_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "b.py").write_text("b = 2\n")
    (folder / "a.py").write_text("a = 1\n")
    (folder / "unpack").write_text("pass\n")
    packed = pack_sources(modules_in(folder), folder / "unpack", folder)
    assert (
        hashlib.sha256(packed).hexdigest()
        == "8b784d1dd5f8835be5ece6b542ea22c5a60d130bd82a1a3f1aead3ae89c26e4a"
    )
    code, words, *files = parts_of(packed)
    assert (code, words) == ("pass\n", "root")
    assert files == ["0644 \x80 a.py", "a = 1\n", "0644 \x80 b.py", "b = 2\n"]


def test_frequent_words_are_replaced_by_codes_and_can_be_restored() -> None:
    text = "settings = read_settings()\nsettings.name = name\nold = name\n" + "x = name\n" * 300
    packed = pack([ArchivedFile("x.py", text)], first=UNPACKING_CODE)
    _, words, *coded = parts_of(packed)
    assert words.split("\n") == ["settings", "name"]
    assert coded[1].count(chr(129)) == 303
    assert unpacked_archives(node=packed) == {"x.py": text}


def test_more_words_than_codes_can_be_restored() -> None:
    text = "".join(
        f"w{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]} = 1\n"
        for n in range(300)
    )
    packed = pack([ArchivedFile("a.py", text * 2)], first=UNPACKING_CODE)
    assert len(parts_of(packed)[1].split("\n")) == MOST_CODES
    assert unpacked_archives(node=packed) == {"a.py": text * 2}


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.text("ab(=", min_size=1, max_size=5)) | st.none(),
        max_size=12,
    )
)
def test_the_indentation_of_every_line_can_be_restored(lines: list[tuple[int, int, str] | None]) -> None:
    text = "\n".join("" if line is None else " " * (4 * line[0] + line[1]) + line[2] for line in lines)
    packed = pack([ArchivedFile("a.py", text)], first=UNPACKING_CODE)
    assert unpacked_archives(node=packed) == {"a.py": text}


def test_a_character_that_is_not_ascii_is_rejected() -> None:
    with pytest.raises(UnicodeEncodeError):
        pack([ArchivedFile("a.py", "name = 'ü'\n")], first="")


def test_an_archive_is_packed_again_only_when_a_file_changes(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "a.py").write_text("a = 1\n")
    first = pack_sources(modules_in(folder), UNPACKER, folder)
    (kept,) = (folder / "__pycache__").iterdir()
    assert kept.read_bytes() == first == pack_sources(modules_in(folder), UNPACKER, folder)
    (folder / "a.py").write_text("a = 2\n")
    second = pack_sources(modules_in(folder), UNPACKER, folder)
    assert "a = 2\n" in parts_of(second)
    assert [file.read_bytes() for file in (folder / "__pycache__").iterdir()] == [second]
    (folder / "a.py").write_text("a = 1\n")
    assert pack_sources(modules_in(folder), UNPACKER, folder) == first
