"""The host of YAML programs: the user's, or one that is built once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.toolchain import golang
from localcloud.toolchain.engine import ENGINE_VERSION, users_engine
from localcloud.toolchain.yaml_language_host import HOST_VERSION, ensure_yaml_language_host

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
        program = ensure_yaml_language_host(tmp_path / name)
        (installed,) = (tmp_path / name / "plugins").glob("language-yaml-v*/pulumi-language-yaml")
        assert installed.resolve() == program
    assert builds == ["yaml-language-host"]


def test_the_users_own_host_is_used(tmp_path: Path, builds: list[str]) -> None:
    own = tmp_path / "bin" / "pulumi-language-yaml"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert ensure_yaml_language_host(tmp_path / "home") == own
    assert builds == []


def test_the_module_asks_for_the_version_that_the_host_reports() -> None:
    assert f"github.com/pulumi/pulumi-yaml v{HOST_VERSION} " in MODULE


def test_it_shares_the_engines_packages_so_that_they_are_compiled_once() -> None:
    for package in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{package}/v3 v{ENGINE_VERSION} " in MODULE
