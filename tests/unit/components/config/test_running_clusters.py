"""An error of one cluster waits until the changes of the others are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.config.errors import ConfigurationError
from components.config.hooks import resource_hook
from components.config.running_clusters import (
    RunningCluster,
    begin_changes,
    end_changes,
    failing_last,
    interrupt_runs,
    refuse_shared_names,
    running,
    wait_for_other_clusters,
)
from components.run_log.engine_run import ENGINE_RUN

SOON = 0.5
"""Seconds after which work that waits for nothing is done."""


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log lines of the test."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    return lines


def changing(name: str, limit: float = 60) -> RunningCluster:
    """A cluster whose members change."""
    cluster = RunningCluster(name, limit)
    cluster.begin()
    return cluster


@failing_last
async def refuse() -> None:
    raise pulumi.RunError("a member is unhealthy")


def refusing(cluster: RunningCluster | None) -> asyncio.Task[None]:
    with running(cluster):
        return asyncio.ensure_future(refuse())


async def failed(task: asyncio.Task[None]) -> bool:
    """Whether the work has failed already."""
    done, _ = await asyncio.wait({task}, timeout=SOON)
    return bool(done) and isinstance(task.exception(), pulumi.RunError)


async def test_an_error_waits_for_the_change_of_another_cluster(told: list[str]) -> None:
    healthy, sick = changing("healthy"), changing("sick")
    task = refusing(sick)
    assert not await failed(task)
    assert len(told) == 1
    assert "sick is refused" in told[0]
    assert "completes the change of healthy first" in told[0]
    healthy.end()
    assert await failed(task)


async def test_a_component_with_wrong_arguments_waits_for_another_cluster(told: list[str]) -> None:
    healthy = changing("healthy")
    tasks = [asyncio.ensure_future(wait_for_other_clusters("store")) for _ in range(2)]
    done, _ = await asyncio.wait(tasks, timeout=SOON)
    assert not done
    assert len(told) == 1
    assert "store is refused" in told[0]
    healthy.end()
    await asyncio.gather(*tasks)


async def test_a_refused_component_does_not_wait_for_its_own_cluster() -> None:
    refuse_shared_names("store", "etcd-store", "etcd.example.com")
    changing("etcd-store")
    await asyncio.wait_for(wait_for_other_clusters("store"), SOON)


async def test_an_error_of_the_only_cluster_waits_for_nothing(told: list[str]) -> None:
    assert await failed(refusing(changing("sick")))
    assert await failed(refusing(None))
    assert told == []


async def test_two_sick_clusters_do_not_wait_for_each_other() -> None:
    tasks = [refusing(changing("one")), refusing(changing("two"))]
    assert all([await failed(task) for task in tasks])


async def test_a_cluster_that_failed_does_not_begin_again() -> None:
    sick = changing("sick")
    assert await failed(refusing(sick))
    sick.begin()
    assert await failed(refusing(changing("other")))


async def test_no_error_waits_longer_than_the_change_may_take() -> None:
    changing("stuck", limit=0.1)
    assert await failed(refusing(changing("sick")))


async def test_a_preview_changes_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    with running(RunningCluster("previewed", 60)):
        begin_changes()
    assert await failed(refusing(RunningCluster("sick", 60)))


async def test_a_cluster_ends_in_its_own_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    with running(RunningCluster("healthy", 60)):
        begin_changes()
        task = refusing(changing("sick"))
        assert not await failed(task)
        end_changes()
        assert await failed(task)


@pytest.mark.parametrize(("workers", "waits"), [(None, True), (16, True), (2, True), (1, False)])
async def test_a_hook_waits_only_if_the_engine_has_another_worker(
    monkeypatch: pytest.MonkeyPatch, workers: int | None, waits: bool
) -> None:
    monkeypatch.setattr(SETTINGS, "parallel", workers, raising=False)
    changing("healthy")

    def refuse_change(_: object) -> None:
        raise pulumi.RunError("a member is unhealthy")

    calls: list[Callable[[Any], Coroutine[Any, Any, None]]] = []
    monkeypatch.setattr(pulumi, "ResourceHook", lambda _, call, **__: calls.append(call))
    with running(changing("sick")):
        resource_hook("gate", refuse_change)
    task = asyncio.ensure_future(calls[0](None))
    assert await failed(task) is not waits
    task.cancel()


async def test_each_run_of_a_process_has_its_own_clusters() -> None:
    for run in ("preview", "update"):
        ENGINE_RUN.set(run)
        refuse_shared_names("store", "etcd-store", "etcd.example.com")
    with pytest.raises(ConfigurationError):
        refuse_shared_names("queue", "etcd-store", "queue.example.com")


async def test_two_components_of_one_name_are_told_to_have_different_names() -> None:
    refuse_shared_names("store", "etcd-shop-dev-store", "etcd.example.com")
    with pytest.raises(ConfigurationError, match="two clusters called store: give each a name of its own"):
        refuse_shared_names("store", "etcd-shop-dev-store", "etcd.example.com")


async def test_a_refusal_after_an_interruption_waits_for_no_change() -> None:
    changing("changed")
    interrupt_runs()
    assert await failed(refusing(RunningCluster("refused", 60)))
