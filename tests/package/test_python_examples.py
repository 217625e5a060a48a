"""The projects of the programs in Python of the examples, on the real engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.localcloud.engine_project import Project

from .conftest import CHECKOUT


@pytest.mark.parametrize("example", ["python", "two-clusters"])
def test_the_engine_accepts_the_project_of_an_example(tmp_path: Path, example: str) -> None:
    project = Project(tmp_path, "")
    for file in (CHECKOUT / "examples" / example).glob("*.*"):
        shutil.copy(file, project.folder)
    project.pulumi("stack", "init", "dev")
    project.pulumi("config", "set", "--secret", "discoveryToken", "a token of nobody")
    assert "discoveryToken" in project.pulumi("config")
