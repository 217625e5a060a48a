"""System packages, and the package sources of the machine image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localcloud.machines import prerequisites
from localcloud.toolchain import image, packages
from localcloud.toolchain.errors import ToolchainError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with apt that has none of the needed programs except nft."""
    for name in ("apt-get", "nft"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(packages, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(packages, "UNITS", tmp_path / "units")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("bare")
def test_a_package_without_its_program_is_missing() -> None:
    missing = packages.missing_packages()
    assert "mmdebstrap" in missing
    assert "nftables" not in missing


@pytest.mark.usefixtures("bare")
def test_without_root_one_line_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        ToolchainError,
        match=r"^missing packages, and this is not root: run sudo make setup, .*mmdebstrap.*\)$",
    ):
        packages.install_packages()


def test_without_apt_one_line_names_the_programs(bare: Path) -> None:
    (bare / "apt-get").unlink()
    with pytest.raises(ToolchainError, match=r"^missing programs: .*systemd-nspawn.*: install them .*$"):
        packages.install_packages()


@pytest.mark.usefixtures("bare")
def test_packages_whose_program_is_still_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(
        ToolchainError, match=r"packages are still missing after their installation: .*mmdebstrap"
    ):
        packages.install_packages()


def test_an_unneeded_service_is_masked_before_its_installation(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ToolchainError):
        packages.install_packages()
    assert (bare / "units/prometheus.service").readlink() == Path("/dev/null")


@pytest.mark.usefixtures("bare")
def test_a_start_installs_no_packages_that_only_other_commands_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "missing_packages", lambda: sorted(packages.OTHER_USES))
    assert packages.missing_work(packages.OTHER_USES) == []
    packages.install_packages(packages.OTHER_USES)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (work,) = packages.missing_work()
    assert work.title == "Installing chromium prometheus shellcheck strace"
    assert work.reason == "make monitoring, make lint and the tests need them"


def test_make_setup_installs_every_tool_that_a_start_demands() -> None:
    assert set(prerequisites.PACKAGES.values()) <= packages.PACKAGES.keys()


def test_the_image_uses_the_mirrors_of_this_host() -> None:
    uris = ["http://mirror.test/debian/", "http://other.test/tools", "http://mirror.test/debian-security"]
    assert image.sources_of(uris) == [
        "deb http://mirror.test/debian trixie main",
        "deb http://mirror.test/debian trixie-updates main",
        "deb http://mirror.test/debian-security trixie-security main",
    ]


def test_a_host_that_is_not_debian_has_no_mirror() -> None:
    assert image.sources_of(["http://mirror.test/ubuntu"]) == []


def test_an_image_is_not_built_without_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        ToolchainError, match="belong to root, and this is not root: run make setup with sudo"
    ):
        image.ensure_image()
