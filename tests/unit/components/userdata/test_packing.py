"""The archive of a node's files."""

from __future__ import annotations

import bz2
import hashlib
import json
from pathlib import Path

from components.userdata.packing import pack


def modules_in(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.glob("*.py")}


def unpacked(packed: bytes) -> dict[str, str]:
    """The files of an archive by their paths."""
    *words, coded = bz2.decompress(packed).decode("latin-1").split("\n")
    return json.loads(coded.translate(dict(enumerate(words, 128))))


def test_packing_gives_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "b.py").write_text("b = 2\n")
    (folder / "a.py").write_text("a = 1\n")
    packed = pack(modules_in(folder), folder)
    assert (
        hashlib.sha256(packed).hexdigest()
        == "11b5ec113f50d116811336eeccae9829445e5298e6ce16af773c9496eddb3ac1"
    )
    assert bz2.decompress(packed) == b'{"a.py": "a = 1\\n", "b.py": "b = 2\\n"}'


def test_frequent_words_are_replaced_by_codes_and_can_be_restored(tmp_path: Path) -> None:
    text = "settings = read_settings()\nname = 'ü'\nsettings.name = name\nold = name\n" + "a = name\n" * 300
    (tmp_path / "a.py").write_text(text)
    packed = pack(modules_in(tmp_path), tmp_path)
    *words, coded = bz2.decompress(packed).decode("latin-1").split("\n")
    assert words == ["name", "settings"]
    assert coded.count(chr(128)) == 304
    assert unpacked(packed) == {"a.py": text}
    assert bz2.decompress(packed).isascii() is False


def test_more_words_than_codes_can_be_restored(tmp_path: Path) -> None:
    text = "".join(
        f"w{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]} = 1\n"
        for n in range(300)
    )
    (tmp_path / "a.py").write_text(text * 2)
    packed = pack(modules_in(tmp_path), tmp_path)
    assert len(bz2.decompress(packed).decode("latin-1").split("\n")) == 128
    assert unpacked(packed) == {"a.py": text * 2}


def test_an_archive_is_packed_again_only_when_a_file_changes(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "a.py").write_text("a = 1\n")
    first = pack(modules_in(folder), folder)
    (kept,) = (folder / "__pycache__").iterdir()
    assert kept.read_bytes() == first == pack(modules_in(folder), folder)
    (folder / "a.py").write_text("a = 2\n")
    second = pack(modules_in(folder), folder)
    assert b"a = 2" in bz2.decompress(second)
    assert [file.read_bytes() for file in (folder / "__pycache__").iterdir()] == [second]
    (folder / "a.py").write_text("a = 1\n")
    assert pack(modules_in(folder), folder) == first
