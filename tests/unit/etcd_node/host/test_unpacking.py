"""The first boot's units, which find the scripts packed, and unpack them at the same time."""

from __future__ import annotations

import base64
import os
import runpy
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.userdata.packing import pack
from components.userdata.render import ROOT, SOURCES, node_modules


@contextmanager
def strict_mask() -> Iterator[None]:
    """The mask of a unit that shares its files with nobody; others read the package all the same."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        assert os.umask(mask) == 0o077


@pytest.mark.parametrize("overtaken", [False, True])
def test_whichever_unit_is_quicker_the_package_is_whole_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overtaken: bool
) -> None:
    shutil.copy(SOURCES / "prepare_cluster.py", tmp_path)
    modules = node_modules(SOURCES / "etcd_node")
    packed = base64.b85encode(pack(modules, tmp_path / "cache"))
    (tmp_path / "etcd_node.json.bz2.b85").write_bytes(packed)
    rename = Path.rename

    def late(temporary: Path, target: Path) -> Path:
        if overtaken:
            shutil.copytree((ROOT if target.name == "components" else SOURCES) / target.name, target)
        return rename(temporary, target)

    monkeypatch.setattr(Path, "rename", late)
    monkeypatch.setattr(sys, "argv", ["prepare_cluster.py", "--help"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with strict_mask(), pytest.raises(SystemExit) as ended:
        runpy.run_path(str(tmp_path / "prepare_cluster.py"), run_name="__main__")
    assert ended.value.code == 0
    unpacked = {file.relative_to(tmp_path).as_posix(): file for file in tmp_path.rglob("*/*.py")}
    if overtaken:
        assert unpacked.keys() > modules.keys()
    else:
        assert unpacked.keys() == modules.keys()
        assert all(file.stat().st_mode & 0o004 for one in unpacked.values() for file in (one, one.parent))
    assert not list(tmp_path.glob(".etcd_node*"))
