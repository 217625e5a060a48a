"""Unpacking the archive on the first boot."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.userdata import base94
from components.userdata.archive import ArchivedFile
from components.userdata.member_archive import pack_member
from components.userdata.packing import pack_sources
from components.userdata.render import SOURCES, archive_files
from components.userdata.stripping import stripped
from tests.unit.components.userdata.unpacking import unpack_in

KEY = "etc/etcd/server-key.pem"


@pytest.fixture
def droplet(tmp_path: Path) -> Iterator[Path]:
    """A root directory with both archives and the script that unpacks them, under a strict file mode mask."""
    etc = tmp_path / "root/etc/etcd"
    etc.mkdir(parents=True)
    (etc / "unpack.py").write_text((SOURCES / "unpack.py").read_text())
    (etc / "node.bz2.b94").write_text(
        base94.encode(pack_sources(archive_files(), SOURCES / "unpack_files.py", tmp_path))
    )
    key = ArchivedFile(KEY, "secret\n", permissions="0400", owner="etcd")
    (etc / "member.lzma.b94").write_text(base94.encode(pack_member([key])))
    mask = os.umask(0o077)
    yield tmp_path / "root"
    os.umask(mask)


def unpack(droplet: Path) -> dict[str, str]:
    return unpack_in(droplet)


def unpacked(droplet: Path) -> dict[str, Path]:
    """All files but the three that cloud-init writes, and the code that unpacks, by their paths."""
    files = {
        file.relative_to(droplet).as_posix(): file
        for file in droplet.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    for name in ("unpack.py", "unpack_files.py", "node.bz2.b94", "member.lzma.b94"):
        files.pop(f"etc/etcd/{name}", None)
    return files


def expected() -> dict[str, str]:
    texts = {path: stripped(path, file.read_text()) for path, file in archive_files().items()}
    return {**texts, KEY: "secret\n"}


def test_every_file_of_the_archive_is_written_to_its_place(droplet: Path) -> None:
    unpack(droplet)
    assert {path: file.read_text() for path, file in unpacked(droplet).items()} == expected()


def test_other_users_can_read_all_but_secrets_and_scripts_are_executable(droplet: Path) -> None:
    unpack(droplet)
    files = unpacked(droplet)
    modes = {path: stat.S_IMODE(file.stat().st_mode) for path, file in files.items()}
    assert modes.pop("etc/etcd/first-boot") == 0o755
    assert modes.pop(KEY) == 0o400
    assert set(modes.values()) == {0o644}
    folders = {folder for file in files.values() for folder in file.parents if folder > droplet}
    assert all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders if folder != droplet / "etc/etcd")


def test_a_key_is_owned_by_the_user_that_needs_it(droplet: Path) -> None:
    owners = unpack(droplet)
    assert owners.pop(KEY) == "etcd"
    assert set(owners.values()) == {"root"}


def test_nobody_else_can_read_a_secret_while_it_is_written(
    droplet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    write = Path.write_text

    def watched(file: Path, *arguments: Any) -> int:
        if file.name == ".server-key.pem.new":
            modes.append(stat.S_IMODE(file.stat().st_mode))
        return write(file, *arguments)

    monkeypatch.setattr(Path, "write_text", watched)
    unpack(droplet)
    assert modes == [0o600]


def test_an_interrupted_unpack_leaves_whole_files_only_and_can_be_repeated(
    droplet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    half = len(expected()) // 2

    def interrupted(temporary: Path, target: Path) -> Path:
        if len(unpacked(droplet)) > half:
            raise KeyboardInterrupt
        return replace(temporary, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            unpack(droplet)
    whole = {path: file.read_text() for path, file in unpacked(droplet).items() if not path.endswith(".new")}
    assert 0 < len(whole) < len(expected())
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
