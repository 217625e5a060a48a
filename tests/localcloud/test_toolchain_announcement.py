"""A set-up says first what it will build, how long that takes, and how much disk it needs."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from localcloud.machines.errors import LocalCloudError
from localcloud.toolchain import __main__ as command
from localcloud.toolchain import cache, engine, etcd, packages
from localcloud.toolchain.__main__ import AFTER_START, ON_DEMAND, STAGES, Part, announce
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.progress import Work


@pytest.fixture(autouse=True)
def _nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(engine, "users_engine", lambda: None)
    monkeypatch.setattr(packages, "missing_packages", lambda: ["mmdebstrap"])
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_all_missing_parts_are_named_before_the_first_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    announce([part for part in Part if part not in ON_DEMAND], [etcd.DEFAULT_VERSION])
    first, *parts, total = capsys.readouterr().err.splitlines()
    assert first.startswith(
        f"The first run prepares 6 parts in {cache.root()}, once. It needs no account and costs"
    )
    assert [part.split(":")[0].strip() for part in parts] == [
        "Installing mmdebstrap",
        "Building the machine image of Debian trixie",
        f"Building the Pulumi engine {engine.ENGINE_VERSION}",
        f"Building etcd {etcd.DEFAULT_VERSION}",
        "Building an S3 server",
        "Installing Go",
    ]
    assert all(part.endswith((" MB", " GB")) for part in parts)
    assert "about six minutes on 2 cores, 3.5 GB of disk" in total


def test_a_start_names_the_part_that_it_builds_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "missing_packages", lambda: ["shellcheck", "strace", "prometheus"])
    wanted = [part for part in Part if part not in ON_DEMAND | AFTER_START]
    announce(wanted, [etcd.DEFAULT_VERSION], for_start=True)
    _, *parts, total = capsys.readouterr().err.splitlines()
    assert [part.split(":")[0].strip() for part in parts] == [
        "Building the machine image of Debian trixie",
        f"Building the Pulumi engine {engine.ENGINE_VERSION}",
        f"Building etcd {etcd.DEFAULT_VERSION}",
        "Installing Go",
        "Building an S3 server, while the first cluster runs",
    ]
    assert "about five minutes on 2 cores" in total


def test_each_part_has_its_place_in_the_order() -> None:
    placed = [part for lanes in STAGES for lane in lanes for part in lane]
    assert sorted(placed) == sorted(Part)


def test_what_exists_is_not_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = Work("Making a thing", "a test needs it", "no time", "nothing")
    assert cache.missing("thing", "0" * 64, work) == [work]
    cache.ensure("thing", "0" * 64, work, lambda folder, show: None)
    assert cache.missing("thing", "0" * 64, work) == []


@pytest.mark.parametrize("packages_are_missing", [True, False])
def test_without_root_a_set_up_fails_before_it_builds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], packages_are_missing: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(packages, "missing_packages", lambda: ["mmdebstrap"] if packages_are_missing else [])
    with pytest.raises(ToolchainError, match="and this is not root: run "):
        announce(list(Part), [etcd.DEFAULT_VERSION])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("system", "Darwin", "needs Linux, but this is Darwin"),
        ("machine", "aarch64", "needs an x86-64 machine, but this is aarch64"),
        ("release", "5.10.0-32-amd64", r"needs Linux 5\.14 or newer, but this is 5\.10\.0-32-amd64"),
    ],
)
@pytest.mark.parametrize("for_start", [True, False])
def test_a_machine_that_cannot_run_a_local_cloud_gets_no_set_up(
    monkeypatch: pytest.MonkeyPatch, question: str, answer: str, expected: str, *, for_start: bool
) -> None:
    monkeypatch.setattr(command, "announce", lambda *_, **__: pytest.fail("it began"))
    monkeypatch.setattr(platform, question, lambda: answer)
    with pytest.raises(LocalCloudError, match=f"^the local cloud {expected}$"):
        command.main(for_start=for_start)


def test_a_linter_gets_its_programs_where_no_local_cloud_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    installed: list[object] = []
    monkeypatch.setattr(packages, "install_packages", installed.append)
    command.main(only=[Part.PACKAGES])
    assert installed == [frozenset()]
