"""The environment in which Go programs are built."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from localcloud.toolchain import golang
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.folders import cache_root

GIB = 1 << 30


@pytest.mark.parametrize(("memory", "limit"), [(2 * GIB, GIB // 4), (4 * GIB, GIB // 2), (64 * GIB, GIB)])
def test_compilers_use_no_more_than_their_share_of_the_memory(memory: int, limit: int) -> None:
    assert golang.collector(memory) == {"GOGC": "off", "GOMEMLIMIT": str(limit)}


def test_variables_that_change_a_binary_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOEXPERIMENT", "greenteagc")
    monkeypatch.setenv("GOAMD64", "v3")
    monkeypatch.setenv("GOPROXY", "https://mirror.test")
    environment = golang.environment()
    assert "GOEXPERIMENT" not in environment
    assert (environment["GOAMD64"], environment["GOPROXY"]) == ("v1", "https://mirror.test")


@pytest.mark.parametrize("home", [None, ""], ids=["unset", "empty"])
def test_go_gets_a_home_where_a_service_has_none(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    assert golang.environment()["HOME"] == pwd.getpwuid(os.getuid()).pw_dir


def test_a_home_that_is_set_is_passed_on_to_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert golang.environment()["HOME"] == str(tmp_path)


def test_a_user_without_any_home_is_told_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(ToolchainError, match=r"^HOME is not set, .* id 4000000000: set HOME to a folder"):
        cache_root()
