"""After a teardown that was broken off no member refuses its shutdown: a run touches nobody but in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pulumi
import pytest

from components import account, rollout, waiting
from components.configuration import ProviderAccess
from components.health import Answer, Probe, Silence
from components.http_client import Response
from components.listing import ListingError
from components.members import Members
from components.waiting import UnhealthyError

from .valid_settings import settings

FIRST, SECOND, THIRD = NAMES = [f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3)]


class Cluster:
    """Three members, and what the engine does: it registers a gate, then its droplet, when it may."""

    def __init__(self, *sick: str) -> None:
        self.sick = set(sick)
        self.urns = {name: asyncio.get_running_loop().create_future() for name in NAMES}
        self.touched: list[str] = []

    async def gateway(self, name: str) -> None:
        raise AssertionError(name)

    def forget_addresses(self) -> None:
        """Nothing is remembered."""

    async def look(self) -> dict[str, Probe]:
        return {name: Silence("gone") if name in self.sick else answer(name) for name in NAMES}

    async def power_on(self, sick: Iterable[str]) -> None:
        """All are on."""

    async def droplet(self, run: rollout.Rollout, name: str) -> None:
        """One member's part of the run; who is touched is well afterwards."""
        before = NAMES[: NAMES.index(name)]
        gate = asyncio.gather(*(asyncio.shield(self.urns[one]) for one in before))
        await run.vetoes.waits_in_turn(name, cast("Any", Registered(gate)))
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


def answer(name: str) -> Answer:
    ids = dict.fromkeys(NAMES, "id")
    return Answer(
        *("cluster", name, "leader"), learner=False, healthy=True, reason="", voters=frozenset(NAMES), ids=ids
    )


async def touch_all(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    run = rollout.Rollout(
        "etcd-test",
        settings(healthTimeoutSeconds=10).model_copy(update={"health_timeout_seconds": 1}),
        members=cast("Members", cluster),
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


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, False)])
async def test_a_marker_is_there_or_not_by_a_plain_answer_alone(
    monkeypatch: pytest.MonkeyPatch, status: int, there: bool
) -> None:
    async def ask(url: str, token: str, *, seconds: float) -> Response:
        assert (url, token) == ("https://api.test/v2/tags/etcd-test-up", "secret")
        assert seconds > 0
        return Response(status, b"")

    monkeypatch.setattr(account, "ask_api", ask)
    assert await account.tag_exists(ProviderAccess("https://api.test", "secret"), "etcd-test-up") is there


@pytest.mark.parametrize(("status", "passing"), [(500, True), (429, True), (403, False)])
async def test_an_answer_that_says_neither_is_none(
    monkeypatch: pytest.MonkeyPatch, status: int, passing: bool
) -> None:
    async def ask(*_: object, **__: object) -> Response:
        return Response(status, b"")

    monkeypatch.setattr(account, "ask_api", ask)
    with pytest.raises(ListingError, match=str(status)) as raised:
        await account.tag_exists(ProviderAccess("https://api.test", "secret"), "etcd-test-up")
    assert raised.value.passing is passing
