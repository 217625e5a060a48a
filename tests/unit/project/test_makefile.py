"""What ``make`` would do in checkouts and environments that differ from the usual ones: ``make -n`` prints it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.project.stack_files import CHECKOUT

SYNC = "' sync --frozen --quiet"
READ = (
    "Makefile", "pyproject.toml", "uv.lock", "localcloud/__init__.py", "localcloud/pyproject.toml",
    "localcloud/toolchain/__init__.py", "localcloud/toolchain/errors.py", "localcloud/toolchain/folders.py",
)  # fmt: skip
"""What ``make`` reads of a checkout."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The part of a checkout that ``make`` reads, with its packages installed."""
    folder = tmp_path / "etcd"
    for name in READ:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copyfile(CHECKOUT / name, folder / name)
    install(folder)
    return folder


def install(folder: Path) -> None:
    """What ``uv sync`` leaves, as far as ``make`` looks at it."""
    version = "python{}.{}".format(*sys.version_info[:2])
    (folder / ".venv" / "lib" / version / "site-packages").mkdir(parents=True)
    commands = folder / ".venv/bin"
    commands.mkdir()
    python = Path(sys.executable).resolve()
    (commands / "python").symlink_to(python)
    (folder / ".venv/pyvenv.cfg").write_text(f"home = {python.parent}\n")
    (commands / "localcloud").write_text(f"#!{commands}/python\n")
    (folder / ".venv/.synced").touch()
    later = time.time() + 60
    os.utime(folder / ".venv/.synced", (later, later))


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    """This environment with changes, without the variables of a make that runs these tests."""
    values = {**os.environ, "MAKEFLAGS": None, "MFLAGS": None, "MAKELEVEL": None, **changes}
    return {name: value for name, value in values.items() if value is not None}


def planned(folder: Path, *words: str, **changes: str | None) -> list[str]:
    """The commands that a target would run."""
    done = subprocess.run(
        ["make", "-n", *words],
        cwd=folder, env=environment(changes), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def replaces_the_packages(folder: Path, *words: str) -> bool:
    """Whether a target would install them into a new environment."""
    commands = planned(folder, *words)
    removed = "rm -rf .venv" in commands
    assert removed == any(SYNC in command for command in commands)
    return removed


@pytest.mark.parametrize("target", ["up", "down", "destroy", "status", "lint"])
def test_installed_packages_are_used(checkout: Path, target: str) -> None:
    assert not replaces_the_packages(checkout, target)


@pytest.mark.parametrize("target", ["up", "down", "destroy", "status", "lint"])
def test_a_copied_checkout_gets_packages_of_its_own(checkout: Path, target: str) -> None:
    copy = checkout.with_name("copy")
    shutil.copytree(checkout, copy, symlinks=True)
    assert replaces_the_packages(copy, target)


def test_a_moved_checkout_gets_packages_again(checkout: Path) -> None:
    assert replaces_the_packages(checkout.rename(checkout.with_name("moved")), "down")


def test_a_checkout_whose_path_has_a_space_is_usable(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("a checkout"))
    shutil.rmtree(moved / ".venv")
    install(moved)
    assert not replaces_the_packages(moved, "up")


def test_a_link_to_anothers_packages_is_not_synced_through(checkout: Path) -> None:
    worktree = checkout.with_name("worktree")
    shutil.copytree(checkout, worktree, ignore=shutil.ignore_patterns(".venv"))
    (worktree / ".venv").symlink_to(checkout / ".venv")
    assert replaces_the_packages(worktree, "up")
    assert not any(SYNC in command for command in planned(worktree, "-o", ".venv/.synced", "lint"))


def test_packages_of_a_python_that_is_gone_are_installed_again(checkout: Path) -> None:
    python = checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/usr/bin/python2.0")
    assert replaces_the_packages(checkout, "up")


def test_packages_of_another_version_of_python_are_installed_again(checkout: Path) -> None:
    (packages,) = (checkout / ".venv/lib").iterdir()
    packages.rename(packages.with_name("python2.0"))
    assert replaces_the_packages(checkout, "up")


def test_another_environment_for_uv_does_not_move_the_packages(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    (sync,) = (line for line in planned(checkout, "up", UV_PROJECT_ENVIRONMENT="other") if SYNC in line)
    assert sync.startswith("UV_PROJECT_ENVIRONMENT=.venv ")


def test_a_fresh_clone_gets_packages(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    assert replaces_the_packages(checkout, "up")


def scripts_of_lint(folder: Path) -> set[str]:
    """The scripts that ``make lint`` would check."""
    (words,) = (line.split() for line in planned(folder, "lint") if line.startswith("shellcheck "))
    return set(words[1:])


def test_lint_checks_the_scripts_of_an_unpacked_archive_too(checkout: Path) -> None:
    scripts = scripts_of_lint(CHECKOUT)
    assert scripts >= {".ci/run", "cloud-init/first-boot", "localcloud/machines/boot.sh"}
    for script in scripts:
        (checkout / script).parent.mkdir(parents=True, exist_ok=True)
        (checkout / script).touch()
    for installed in ("plugin/venv/other.sh", ".venv/other.sh"):
        (checkout / installed).parent.mkdir(parents=True, exist_ok=True)
        (checkout / installed).touch()
    assert scripts_of_lint(checkout) == scripts


def cache_of_make(folder: Path, **changes: str | None) -> Path:
    """The cache in which ``make`` looks for uv."""
    (line,) = (line for line in planned(folder, "-p", "help", **changes) if line.startswith("CACHE := "))
    return Path(line.removeprefix("CACHE := "))


def cache_of_python(folder: Path, **changes: str | None) -> Path:
    """The cache of ``localcloud``."""
    program = "from localcloud.toolchain.folders import cache_root; print(cache_root())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder, env=environment(changes), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Path(done.stdout.removesuffix("\n"))


@pytest.mark.parametrize("home", [None, ""], ids=["unset", "empty"])
def test_without_a_home_make_and_python_use_that_of_the_user(checkout: Path, home: str | None) -> None:
    users = Path(pwd.getpwuid(os.getuid()).pw_dir)
    changes = {"HOME": home, "XDG_CACHE_HOME": None}
    assert cache_of_make(checkout, **changes) == users / ".cache/etcd-localcloud"
    assert cache_of_python(checkout, **changes) == users / ".cache/etcd-localcloud"
    assert f"HOME := {users}" in planned(checkout, "-p", "help", **changes)


@pytest.mark.parametrize(
    ("cache_home", "home", "expected"),
    [
        (None, "/home/ann", "/home/ann/.cache"),
        ("", "/home/ann", "/home/ann/.cache"),
        ("caches", "/home/ann", "/home/ann/.cache"),
        ("/caches", "/home/ann", "/caches"),
        ("/all caches", "/home/ann", "/all caches"),
        (None, "/home/ann b", "/home/ann b/.cache"),
    ],
)
def test_make_and_python_use_the_same_cache(
    checkout: Path, cache_home: str | None, home: str, expected: str
) -> None:
    changes = {"XDG_CACHE_HOME": cache_home, "HOME": home}
    assert cache_of_make(checkout, **changes) == Path(expected, "etcd-localcloud")
    assert cache_of_python(checkout, **changes) == Path(expected, "etcd-localcloud")


def test_uv_is_installed_into_and_used_from_a_home_with_a_space(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    without_uv = checkout / "bin"
    without_uv.mkdir()
    (without_uv / "make").symlink_to(shutil.which("make") or "make")
    commands = planned(checkout, "up", HOME="/home/ann b", XDG_CACHE_HOME=None, PATH=str(without_uv), UV=None)
    folder = "/home/ann b/.cache/etcd-localcloud/uv"
    assert any(f"python3 -m venv '{folder}'" in command for command in commands)
    assert f"UV_PROJECT_ENVIRONMENT=.venv '{folder}/bin/uv' sync --frozen --quiet" in commands
