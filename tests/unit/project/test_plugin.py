"""The plugin answers a refused cluster when the program's other clusters have changed."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.provider import server

from components.config.running_clusters import ENGINE_RUN, RunningCluster

PLUGIN = Path(__file__).parents[3] / "plugin" / "__main__.py"


class Context:
    """A call of the engine."""

    def __init__(self) -> None:
        self.answers: list[tuple[grpc.StatusCode, str]] = []

    async def abort(self, code: grpc.StatusCode, text: str) -> None:
        self.answers.append((code, text))


async def test_a_refused_cluster_waits_for_the_change_of_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise pulumi.RunError("args.members.size is 4")

    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    monkeypatch.setattr(server.ProviderServicer, "Construct", refuse)
    monkeypatch.setattr(server, "ProviderServicer", server.ProviderServicer)
    monkeypatch.setattr(server, "main", lambda *_: None)
    servicer: Any = object.__new__(runpy.run_path(str(PLUGIN))["Servicer"])
    ENGINE_RUN.set("the program's run")
    other = RunningCluster("other", 60)
    other.begin()
    context = Context()
    request = SimpleNamespace(name="store", monitorEndpoint="the program's run")
    answer = asyncio.ensure_future(servicer.Construct(request, context))
    await asyncio.wait({answer}, timeout=0.5)
    assert context.answers == []
    other.end()
    with pytest.raises(pulumi.RunError):
        await answer
    assert context.answers == [(grpc.StatusCode.FAILED_PRECONDITION, "args.members.size is 4")]
