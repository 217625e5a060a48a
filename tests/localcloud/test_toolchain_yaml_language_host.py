"""The host of YAML programs: the user's, or one that is built once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.toolchain import golang
from localcloud.toolchain.commands import YAML
from localcloud.toolchain.engine import ENGINE_VERSION, users_engine
from localcloud.toolchain.yaml_language_host import (
    ensure_yaml_language_host,
    install_yaml_language_host,
    main,
)

MODULE = (golang.MODULES / "yaml-language-host" / "go.mod").read_text()


@pytest.fixture(autouse=True)
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The modules that were built. No host is installed, and a build only writes a file."""
    built: list[str] = []

    def build(module: str, package: str, output: Path, show: object, **more: str) -> None:
        built.append(module)
        output.write_text(package)

    monkeypatch.setattr(golang, "build", build)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    users_engine.cache_clear()
    yield built
    users_engine.cache_clear()


def test_a_missing_host_is_built_once(tmp_path: Path, builds: list[str]) -> None:
    for name in ("first", "second", "second"):
        install_yaml_language_host(tmp_path / name)
        (installed,) = (tmp_path / name / "plugins").glob("language-yaml-v*/pulumi-language-yaml")
        assert installed.resolve() == ensure_yaml_language_host()
    assert builds == ["yaml-language-host"]


def test_the_users_own_host_is_used(tmp_path: Path, builds: list[str]) -> None:
    own = tmp_path / "bin" / "pulumi-language-yaml"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert ensure_yaml_language_host() == own
    assert builds == []


def test_a_missing_host_is_not_built_by_a_run_that_is_told_how(builds: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"Run `make yaml-host` in /.*shell \(1 to 3 minutes"):
        main(["127.0.0.1:1"])
    assert builds == []


def test_a_run_starts_the_host_that_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(os, "execv", lambda *command: started.append(command))
    program = ensure_yaml_language_host()
    main(["127.0.0.1:1"])
    assert started == [(program, [str(program), "127.0.0.1:1"])]


def test_the_module_asks_for_the_version_that_the_host_reports() -> None:
    assert f"github.com/pulumi/pulumi-yaml v{YAML.version} " in MODULE


def test_it_shares_the_engines_packages_so_that_they_are_compiled_once() -> None:
    for package in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{package}/v3 v{ENGINE_VERSION} " in MODULE
