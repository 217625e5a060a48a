"""The choice between the user's Pulumi with its plugins and the stand-ins."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.toolchain import cache, commands, engine, etcd
from localcloud.toolchain.commands import Plugin, ensure_commands, needed_plugins, users_plugin

DIGITALOCEAN = Plugin("resource", "digitalocean", "4.84.1", "localcloud.plugins.digitalocean")
PYTHON = Plugin("language", "python", engine.ENGINE_VERSION, "localcloud.plugins.language_host")


class User:
    """A user's machine: a folder on PATH and a home, both empty at first."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.pulumi_plugins = self.home / ".pulumi" / "plugins"
        self.bin.mkdir()
        self.pulumi_plugins.mkdir(parents=True)

    def has_program(self, name: str, text: str = "exit 0") -> Path:
        return program(self.bin / name, text)

    def has_engine(self, version: str) -> Path:
        return self.has_program("pulumi", f"echo v{version}")

    def has_plugin(self, name: str, version: str) -> Path:
        folder = self.pulumi_plugins / f"resource-{name}-v{version}"
        folder.mkdir()
        return program(folder / f"pulumi-resource-{name}", "exit 0")


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    user = User(tmp_path)
    monkeypatch.setenv("PATH", f"{user.bin}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(user.home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    engine.users_engine.cache_clear()
    yield user
    engine.users_engine.cache_clear()


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: User) -> Path:
    """Programs that do nothing, in place of the built ones."""
    folder = cache.root() / "built"
    folder.mkdir(parents=True)
    for name in ("pulumi", "etcdctl", "etcdutl"):
        program(folder / name, "exit 0")
    release = etcd.Release("3.6.14", folder / "tarball", "", folder)
    monkeypatch.setattr(commands, "ensure_release", lambda: release)
    monkeypatch.setattr(engine, "built_engine", lambda: folder / "pulumi")
    return folder


@pytest.mark.parametrize("version", [engine.ENGINE_VERSION, "3.300.1", "4.0.0"])
def test_the_users_engine_is_used_if_it_is_new_enough(user: User, version: str) -> None:
    pulumi = user.has_engine(version)
    assert engine.ensure_engine() == pulumi


@pytest.mark.parametrize("version", ["3.274.0", "2.300.0", "unknown"])
def test_the_users_engine_is_not_used_if_it_is_too_old(user: User, built: Path, version: str) -> None:
    user.has_engine(version)
    assert engine.ensure_engine() == built / "pulumi"


def test_reading_the_engines_version_does_not_change_the_users_home(user: User) -> None:
    user.has_program("pulumi", 'touch "$PULUMI_HOME/asked" && echo v9.0.0')
    engine.ensure_engine()
    assert [path.name for path in (user.home / ".pulumi").iterdir()] == ["plugins"]


def test_a_broken_engine_is_not_used(user: User, built: Path) -> None:
    user.has_program("pulumi", "exit 1")
    assert engine.ensure_engine() == built / "pulumi"


def test_a_built_engine_on_path_is_not_taken_for_the_users(user: User, built: Path) -> None:
    (user.bin / "pulumi").symlink_to(built / "pulumi")
    assert engine.users_engine() is None


def test_an_official_plugin_on_path_is_used(user: User) -> None:
    plugin = user.has_program("pulumi-resource-digitalocean")
    assert users_plugin(DIGITALOCEAN) == plugin


def test_a_stand_in_on_path_is_not_taken_for_an_official_plugin(user: User) -> None:
    (user.bin / "pulumi-resource-digitalocean").write_text(commands.stand_in(DIGITALOCEAN))
    (user.bin / "pulumi-resource-digitalocean").chmod(0o755)
    assert users_plugin(DIGITALOCEAN) is None


def test_the_users_newest_plugin_of_the_sdks_major_version_is_used(user: User) -> None:
    user.has_plugin("digitalocean", "4.9.0")
    newest = user.has_plugin("digitalocean", "4.76.0")
    user.has_plugin("digitalocean", "5.0.0")
    assert users_plugin(DIGITALOCEAN) == newest


def test_a_partially_downloaded_plugin_is_not_used(user: User) -> None:
    user.has_plugin("digitalocean", "4.76.0")
    (user.pulumi_plugins / "resource-digitalocean-v4.76.0.partial").touch()
    assert users_plugin(DIGITALOCEAN) is None


def test_the_users_language_host_is_used_with_the_users_engine(user: User) -> None:
    host = user.has_program("pulumi-language-python")
    user.has_engine(engine.ENGINE_VERSION)
    assert users_plugin(PYTHON) == host


def test_the_language_host_of_an_old_engine_is_not_used(user: User) -> None:
    user.has_program("pulumi-language-python")
    user.has_engine("3.100.0")
    assert users_plugin(PYTHON) is None


def test_stand_ins_replace_missing_plugins(user: User, built: Path, tmp_path: Path) -> None:
    real = user.has_plugin("digitalocean", "4.76.0")
    home = tmp_path / "pulumi-home"
    ensure_commands(tmp_path / "commands", home)
    ensure_commands(tmp_path / "commands", home)

    assert {path.name: path.resolve() for path in (tmp_path / "commands").iterdir()} == {
        name: built / name for name in ("pulumi", "etcdctl", "etcdutl")
    }
    folders = {f"{plugin.kind}-{plugin.name}-v{plugin.version}": plugin for plugin in needed_plugins()}
    assert {path.name for path in (home / "plugins").iterdir()} == set(folders)
    for folder, plugin in folders.items():
        installed = home / "plugins" / folder / plugin.executable
        if plugin.name == "digitalocean":
            assert installed.resolve() == real
        else:
            assert commands.STAND_IN_MARK in installed.read_text()
            assert os.access(installed, os.X_OK)


def test_a_plugin_that_is_installed_later_replaces_the_stand_in(
    user: User, built: Path, tmp_path: Path
) -> None:
    home = tmp_path / "pulumi-home"
    ensure_commands(tmp_path / "commands", home)
    real = user.has_program("pulumi-resource-tls")
    ensure_commands(tmp_path / "commands", home)
    assert [path.resolve() for path in (home / "plugins").glob("resource-tls-*/*")] == [real]


def test_installing_inside_the_local_clouds_shell_changes_nothing(
    user: User, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi, real = user.has_engine(engine.ENGINE_VERSION), user.has_plugin("tls", "5.6.2")
    directory, home = tmp_path / "commands", tmp_path / "pulumi-home"
    ensure_commands(directory, home)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(home))
    engine.users_engine.cache_clear()
    ensure_commands(directory, home)
    assert (directory / "pulumi").resolve() == pulumi
    assert [path.resolve() for path in (home / "plugins").glob("resource-tls-*/*")] == [real]


def test_a_stand_in_runs_its_module_with_this_interpreter(tmp_path: Path) -> None:
    shim = program(tmp_path / "shim", "")
    shim.write_text(commands.stand_in(Plugin("resource", "x", "1.0.0", "platform")))
    answer = subprocess.run([shim], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip()
