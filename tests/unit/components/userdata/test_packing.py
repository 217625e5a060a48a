"""The archive of a node's files."""

from __future__ import annotations

import bz2
import hashlib
from pathlib import Path

from components.userdata.packing import pack


def modules_in(folder: Path) -> dict[str, Path]:
    return {file.name: file for file in folder.glob("*.py")}


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
