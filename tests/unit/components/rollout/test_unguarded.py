"""After a rollout all at once, or a teardown that was broken off, a run touches nobody but in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pulumi
import pytest

from components.droplets import inventory as account
from components.etcd.cluster_client import ClusterClient
from components.etcd.health import MemberStatus, NoStatus, Observation
from components.rollout import gates as rollout
from components.rollout import waiting
from components.rollout.waiting import UnhealthyError
from tests.unit.components.config.valid_settings import settings

FIRST, SECOND, THIRD = NAMES = [f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3)]


class Cluster:
    """Three members, and what the engine does: it registers a gate, then its droplet, when it may."""

    def __init__(self, *sick: str) -> None:
        self.sick = set(sick)
        self.unguarded = self
        self.urns = {name: asyncio.get_running_loop().create_future() for name in NAMES}
        self.touched: list[str] = []

    async def gateway(self, name: str) -> None:
        raise AssertionError(name)

    async def future(self) -> bool:
        return True

    def forget_addresses(self) -> None:
        """Nothing is remembered."""

    async def look(self) -> dict[str, Observation]:
        return {name: NoStatus("gone") if name in self.sick else answer(name) for name in NAMES}

    async def power_on(self, sick: Iterable[str]) -> None:
        """All are on."""

    async def droplet(self, run: rollout.Rollout, name: str) -> None:
        """One member's part of the run; who is touched is well afterwards."""
        before = NAMES[: NAMES.index(name)]
        gate = asyncio.gather(*(asyncio.shield(self.urns[one]) for one in before))
        await run.vetoes.hold(name, cast("Any", Registered(gate)))
        assert self.sick <= {name}
        self.touched.append(name)
        self.sick.discard(name)
        self.urns[name].set_result("urn")


class Registered:
    """A resource that is registered once a future is done."""

    def __init__(self, urn: asyncio.Future[Any]) -> None:
        self.urn = self
        self._registered = urn

    async def future(self) -> object:
        return await asyncio.shield(self._registered)


def answer(name: str) -> MemberStatus:
    ids = dict.fromkeys(NAMES, "id")
    return MemberStatus(
        *("cluster", name, "leader"), learner=False, healthy=True, reason="", voters=frozenset(NAMES), ids=ids
    )


async def touch_all(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    run = rollout.Rollout(
        "etcd-test",
        settings(healthTimeoutSeconds=10).model_copy(update={"health_timeout_seconds": 1}),
        members=cast("ClusterClient", cluster),
        ready=cast("Any", None),
        version=cast("Any", None),
    )
    for name in NAMES:
        run.note_droplet(name, cast("Any", Registered(cluster.urns[name])))
    async with asyncio.timeout(5):
        await asyncio.gather(*(cluster.droplet(run, name) for name in NAMES))


@pytest.mark.parametrize(
    ("sick", "order"), [([], NAMES), ([THIRD], [THIRD, FIRST, SECOND]), ([FIRST], NAMES)], ids=str
)
async def test_members_are_touched_in_turn_and_the_only_sick_one_first(
    monkeypatch: pytest.MonkeyPatch, sick: list[str], order: list[str]
) -> None:
    cluster = Cluster(*sick)
    await touch_all(monkeypatch, cluster)
    assert cluster.touched == order


async def test_while_two_are_sick_nobody_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(SECOND, THIRD)
    with pytest.raises(UnhealthyError, match="Before etcd-server-1"):
        await touch_all(monkeypatch, cluster)
    assert cluster.touched == []


@pytest.mark.parametrize(
    ("tags", "free"),
    [
        ({"etcd-test", "etcd-test-up", "etcd-test-size-3", "etcd-test-one-at-a-time"}, False),
        ({"etcd-test", "etcd-test-up", "etcd-test-size-3", "etcd-test-all-at-once"}, True),
        ({"etcd-test", "etcd-test-one-at-a-time", "other-up"}, True),
        (set[str](), True),
    ],
    ids=[
        "as a run leaves them",
        "after one all at once",
        "after a teardown was broken off",
        "before a founding",
    ],
)
def test_by_these_tags_no_member_refuses_its_shutdown(tags: set[str], free: bool) -> None:
    assert account.unguarded(tags, "etcd-test") is free
