"""Which Python environment a program or a plugin gets, by the options of its project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2

from localcloud.plugins.python_environment import environment_of


def made(folder: Path) -> Path:
    """A virtual environment, as far as its interpreter's file makes one."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    return folder


def found(root: Path, *, is_plugin: bool = False, program: Path | None = None, **options: str) -> Path | None:
    described = Struct()
    described.update(options)
    info = language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(program or root), options=described
    )
    return environment_of(info, is_plugin=is_plugin).folder


@pytest.mark.parametrize("toolchain", ["pip", "uv", None])
def test_a_named_one_is_relative_to_the_project(tmp_path: Path, toolchain: str | None) -> None:
    folder = made(tmp_path / "mine")
    options = {"toolchain": toolchain} if toolchain else {}
    assert found(tmp_path, program=tmp_path / "program", virtualenv="mine", **options) == folder
    assert found(tmp_path / "elsewhere", virtualenv=str(folder), **options) == folder


def test_one_that_does_not_exist_is_that_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert found(tmp_path, virtualenv="mine") is None
    assert found(tmp_path, virtualenv="nowhere") is None


def test_the_hosts_own_one_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(sys.prefix)
    assert found(tmp_path, virtualenv="mine") is None


def test_without_options_a_program_has_that_of_the_host(tmp_path: Path) -> None:
    made(tmp_path / "venv")
    made(tmp_path / ".venv")
    assert found(tmp_path) is None
    assert found(tmp_path, toolchain="pip") is None


def test_a_plugin_without_options_has_its_folder_venv(tmp_path: Path) -> None:
    folder = made(tmp_path / "venv")
    assert found(tmp_path, is_plugin=True) == folder
    assert found(tmp_path, is_plugin=True, toolchain="pip") == folder
    assert found(tmp_path, is_plugin=True, toolchain="uv") is None


@pytest.mark.parametrize("file", ["uv.lock", "pyproject.toml"])
def test_uv_has_one_beside_the_nearest_file_of_its_project(tmp_path: Path, file: str) -> None:
    folder = made(tmp_path / ".venv")
    (tmp_path / file).touch()
    assert found(tmp_path / "inner", toolchain="uv") == folder


def test_a_lock_file_of_uv_chooses_uv(tmp_path: Path) -> None:
    folder = made(tmp_path / ".venv")
    (tmp_path / "uv.lock").touch()
    assert found(tmp_path / "inner") == folder
    assert found(tmp_path / "inner", toolchain="pip") is None


def test_uvs_variable_names_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "other")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", "other")
    assert found(tmp_path, toolchain="uv") == folder
