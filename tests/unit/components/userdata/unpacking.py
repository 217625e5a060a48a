"""Unpack user data as a droplet does, into a folder."""

from __future__ import annotations

import runpy
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import yaml

from components.userdata import base94
from components.userdata.archive import ArchivedFile, pack
from components.userdata.member_archive import pack_member
from components.userdata.render import SOURCES


@dataclass(frozen=True)
class Unpacked:
    """A file that was unpacked."""

    text: str
    permissions: int
    owner: str


def unpack_in(root: Path) -> dict[str, str]:
    """Run the script that unpacks both archives below a root. Returns the owner of each file by its path."""
    owners: dict[str, str] = {}

    def chown(path: Path, user: str, group: str) -> None:
        assert user == group
        owners[str(path.parent.relative_to(root) / path.name.removeprefix(".").removesuffix(".new"))] = user

    # The script imports a module that it has just written beside itself, as systemd starts it.
    with patch.object(shutil, "chown", chown), patch.object(sys, "path", [str(root / "etc/etcd"), *sys.path]):
        try:
            runpy.run_path(str(root / "etc/etcd/unpack.py"))
        finally:
            sys.modules.pop("unpack_files", None)
    return owners


def unpacked_files(texts: dict[str, str]) -> dict[str, Unpacked]:
    """Write the files of a document below a root, run its script, and read what it has unpacked."""
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path, text in texts.items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        owners = unpack_in(root)
        return {
            path: Unpacked((root / path).read_text(), (root / path).stat().st_mode & 0o777, owner)
            for path, owner in owners.items()
        }


UNPACKING_CODE = (SOURCES / "unpack_files.py").read_text()


def unpacked_archives(*, node: bytes | None = None, member: bytes | None = None) -> dict[str, str]:
    """The files of one archive, or of both, by their paths."""
    empty = [ArchivedFile("empty", "")]
    files = unpacked_files(
        {
            "etc/etcd/unpack.py": (SOURCES / "unpack.py").read_text(),
            "etc/etcd/node.bz2.b94": base94.encode(node or pack(empty, first=UNPACKING_CODE)),
            "etc/etcd/member.lzma.b94": base94.encode(member or pack_member(empty)),
        }
    )
    return {path: file.text for path, file in files.items() if path != "empty"}


def unpacked_document(document: str) -> dict[str, Unpacked]:
    """The files that a droplet with this user data unpacks, by their paths."""
    written: list[dict[str, Any]] = yaml.safe_load(document)["write_files"]
    return unpacked_files({entry["path"]: entry["content"] for entry in written})
