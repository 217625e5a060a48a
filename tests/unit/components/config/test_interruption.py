"""An interruption ends hooks and checks that wait."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from components.config.interruption import InterruptedRunError, interrupt, until_interrupted
from components.config.running_clusters import RunningCluster, failing_last, running


async def test_an_interruption_ends_a_wait_with_what_to_do() -> None:
    wait = asyncio.ensure_future(until_interrupted(asyncio.sleep(60)))
    await asyncio.sleep(0)
    interrupt()
    with pytest.raises(InterruptedRunError, match="Run pulumi up again"):
        await wait


async def test_work_that_is_done_has_its_result() -> None:
    assert await until_interrupted(asyncio.sleep(0, "done")) == "done"
    interrupt()


async def test_work_that_fails_has_its_error() -> None:
    async def refuse() -> None:
        raise pulumi.RunError("a member is unhealthy")

    with pytest.raises(pulumi.RunError, match="a member is unhealthy"):
        await until_interrupted(refuse())


async def test_an_interruption_ends_the_wait_for_another_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "info", list[str]().append)
    other = RunningCluster("other", 60)
    other.begin()

    @failing_last
    async def refuse() -> None:
        raise pulumi.RunError("a member is unhealthy")

    with running(RunningCluster("own", 60)):
        refused = asyncio.ensure_future(refuse())
    await asyncio.sleep(0.01)
    assert not refused.done()
    interrupt()
    with pytest.raises(InterruptedRunError):
        await refused
    other.end()
