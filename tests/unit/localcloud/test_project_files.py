"""A project's files that a person has edited: each mistake is an error of one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.backups.stack_file import StackError, project_name
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.stack import Stack, find_stack

WRONG = {
    "name: [etcd": "line 1",
    "name:\n\tetcd": "line 2",
    "- etcd": "correct the file",
    "runtime: python": "name: etcd",
    "": "name: etcd",
}


@pytest.mark.parametrize(("text", "part"), WRONG.items())
def test_a_broken_project_file_is_named_with_its_line(tmp_path: Path, text: str, part: str) -> None:
    file = tmp_path / "Pulumi.yaml"
    file.write_text(text)
    with pytest.raises(LocalCloudError) as caught:
        find_stack(Layout("never-was"), tmp_path, "local")
    assert str(caught.value).startswith(str(file))
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(StackError, match=r"^Pulumi\.yaml [^\n]+$"):
        project_name(tmp_path)


def test_a_project_file_that_cannot_be_read_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").mkdir()
    with pytest.raises(StackError, match=r"^Pulumi\.yaml cannot be read: "):
        project_name(tmp_path)


def test_a_broken_stack_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  etcd:size: [3\n")
    with pytest.raises(LocalCloudError, match=r"Pulumi\.local\.yaml, line \d+: "):
        Stack(Layout("never-was"), "etcd", "local", tmp_path).configuration()
