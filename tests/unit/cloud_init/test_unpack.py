"""Unpacking the archive on the first boot."""

from __future__ import annotations

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.userdata import base94
from components.userdata.packing import pack
from components.userdata.render import SOURCES, archive_files
from components.userdata.stripping import stripped


@pytest.fixture
def droplet(tmp_path: Path) -> Iterator[Path]:
    """A root directory with the packed archive and the script that unpacks it, under a strict file mode mask."""
    etc = tmp_path / "root/etc/etcd"
    etc.mkdir(parents=True)
    (etc / "unpack.py").write_text((SOURCES / "unpack.py").read_text())
    (etc / "etcd_node.json.bz2.b94").write_text(base94.encode(pack(archive_files(), tmp_path)))
    mask = os.umask(0o077)
    yield tmp_path / "root"
    os.umask(mask)


def unpack(droplet: Path) -> None:
    runpy.run_path(str(droplet / "etc/etcd/unpack.py"))


def unpacked(droplet: Path) -> dict[str, Path]:
    """All files but the two that cloud-init writes, by their paths."""
    files = {file.relative_to(droplet).as_posix(): file for file in droplet.rglob("*") if file.is_file()}
    del files["etc/etcd/unpack.py"], files["etc/etcd/etcd_node.json.bz2.b94"]
    return files


def expected() -> dict[str, str]:
    return {path: stripped(path, file.read_text()) for path, file in archive_files().items()}


def test_every_file_of_the_archive_is_written_to_its_place(droplet: Path) -> None:
    unpack(droplet)
    assert {path: file.read_text() for path, file in unpacked(droplet).items()} == expected()


def test_other_users_can_read_all_files_and_only_scripts_are_executable(droplet: Path) -> None:
    unpack(droplet)
    files = unpacked(droplet)
    modes = {path: stat.S_IMODE(file.stat().st_mode) for path, file in files.items()}
    assert modes.pop("etc/etcd/first-boot") == 0o755
    assert set(modes.values()) == {0o644}
    folders = {folder for file in files.values() for folder in file.parents if folder > droplet}
    assert all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders if folder != droplet / "etc/etcd")


def test_an_interrupted_unpack_leaves_whole_files_only_and_can_be_repeated(
    droplet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    half = len(archive_files()) // 2

    def interrupted(temporary: Path, target: Path) -> Path:
        if len(unpacked(droplet)) > half:
            raise KeyboardInterrupt
        return replace(temporary, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            unpack(droplet)
    whole = {path: file.read_text() for path, file in unpacked(droplet).items() if not path.endswith(".new")}
    assert 0 < len(whole) < len(archive_files())
    assert whole.items() <= expected().items()
    unpack(droplet)
    assert unpacked(droplet).keys() == expected().keys()


def test_the_unpacked_package_runs(droplet: Path) -> None:
    unpack(droplet)
    script = droplet / "etc/etcd/prepare_cluster.py"
    done = subprocess.run(
        [sys.executable, "-ES", script, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "preparecluster" in done.stdout
