"""The environment in which Go programs are built."""

from __future__ import annotations

import pytest

from localcloud.toolchain import golang

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
