"""Which loaded modules of a checkout a program gets."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.plugins.checkout_modules import CheckoutModules

PACKAGE = "a_package_of_a_checkout"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose package is imported. What the test unloads is loaded again after it."""
    others = dict(sys.modules)
    folder = with_package(tmp_path / "checkout")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    importlib.import_module(f"{PACKAGE}.inner")
    yield folder
    for name in loaded():
        del sys.modules[name]
    sys.modules.update(others)


def with_package(folder: Path) -> Path:
    (folder / PACKAGE).mkdir(parents=True)
    for name in ("__init__.py", "inner.py"):
        (folder / PACKAGE / name).touch()
    return folder


def loaded() -> set[str]:
    return {name for name in sys.modules if name.startswith(PACKAGE)}


def kept(program: Path) -> bool:
    modules, before = CheckoutModules(), loaded()
    modules.keep_those_of(program)
    assert loaded() in (before, set())
    return loaded() == before


def test_the_checkouts_own_program_gets_them(checkout: Path) -> None:
    assert kept(checkout)


def test_a_program_that_links_to_the_package_gets_them(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (program / PACKAGE).symlink_to(checkout / PACKAGE)
    assert kept(program)


def test_a_program_without_such_a_package_gets_what_it_would_import(checkout: Path, tmp_path: Path) -> None:
    assert kept(tmp_path)


def test_a_copy_of_the_package_is_not_replaced(checkout: Path, tmp_path: Path) -> None:
    assert not kept(with_package(tmp_path / "copy"))


def test_a_package_whose_files_were_deleted_is_not_kept(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / PACKAGE)
    assert not kept(with_package(tmp_path / "copy"))


def test_a_module_of_that_name_is_not_replaced(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / f"{PACKAGE}.py").touch()
    assert not kept(tmp_path)


def test_a_folder_of_that_name_without_code_replaces_nothing(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / PACKAGE).mkdir()
    assert kept(tmp_path)


def test_the_files_are_those_of_the_checkout_alone(checkout: Path) -> None:
    files = CheckoutModules().files()
    assert checkout / PACKAGE / "inner.py" in files
    assert not [file for file in files if file.is_relative_to(Path(pytest.__file__).parents[1])]
