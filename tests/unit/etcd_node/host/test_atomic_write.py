"""Files that a reader never sees incomplete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from etcd_node.host.atomic_write import replace_text


def test_two_processes_may_write_the_same_file_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hosts"
    rename, pid = Path.replace, os.getpid()

    def after_the_others(temporary: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", rename)
        monkeypatch.setattr(os, "getpid", lambda: pid + 1)
        replace_text(file, "the other's", mode=0o644)
        return rename(temporary, target)

    monkeypatch.setattr(Path, "replace", after_the_others)
    replace_text(file, "own", mode=0o644)
    assert file.read_text() == "own"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failed_write_keeps_the_old_text_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hosts"
    replace_text(file, "old", mode=0o644)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_text(file, "new", mode=0o644)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
