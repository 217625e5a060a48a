"""What a run does for a droplet that does not go: never a hard end for a healthy member, nor while another is sick."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pulumi
import pytest

from components.etcd.cluster_client import ClusterClient
from components.etcd.health import MemberStatus, NoStatus, Observation
from components.rollout import gates as rollout
from tests.unit.components.config.valid_settings import settings

NAMES = [f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3)]
GOING = NAMES[0]


def answer(name: str) -> MemberStatus:
    ids = dict.fromkeys(NAMES, "id")
    return MemberStatus(
        *("cluster", name, "leader"), learner=False, healthy=True, reason="", voters=frozenset(NAMES), ids=ids
    )


def seen(*sick: str) -> dict[str, Observation]:
    return {name: NoStatus("gone") if name in sick else answer(name) for name in NAMES}


class Scripted:
    """Members as one look after the other sees them; after the last one the droplet is gone."""

    def __init__(self, looks: list[dict[str, Observation]]) -> None:
        self._looks = looks
        self.existing = self
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.pushes: list[bool] = []

    async def future(self) -> frozenset[str]:
        return frozenset(NAMES)

    async def gateway(self, name: str) -> None:
        raise AssertionError(name)

    async def look(self) -> dict[str, Observation]:
        look = self._looks.pop(0)
        if not self._looks:
            self.gone.set_result("urn")
        return look

    async def power_on(self, sick: Iterable[str]) -> None:
        """All are on."""

    async def push(self, name: str, *, since: float, hangs: bool) -> frozenset[str]:
        assert name == GOING
        assert since > 0
        self.pushes.append(hangs)
        return frozenset({"power_off" if hangs else "shutdown"})


class Registered:
    """A resource that is registered once a future is done."""

    def __init__(self, urn: asyncio.Future[str]) -> None:
        self.urn = self
        self.future = lambda: urn


@pytest.mark.parametrize(
    ("looks", "hangs"),
    [
        ([seen()] * 5, [False] * 5),
        ([seen(GOING)] * 4, [False, False, True, True]),
        ([seen(GOING), seen(GOING), seen(), seen(GOING), seen(GOING)], [False] * 5),
        ([seen(GOING), seen(GOING), seen(GOING, NAMES[2]), seen(GOING), seen(GOING)], [False] * 4),
        ([seen(NAMES[2])] * 4, []),
        ([seen(*NAMES)] * 4, []),
    ],
    ids=[
        "a healthy one",
        "one that is sick for long",
        "one that is well now and then",
        "another was sick meanwhile",
        "another is sick",
        "nobody is seen",
    ],
)
async def test_only_a_member_that_is_the_only_sick_one_for_several_looks_loses_its_power(
    monkeypatch: pytest.MonkeyPatch, looks: list[dict[str, Observation]], hangs: list[bool]
) -> None:
    monkeypatch.setattr(rollout, "WATCH_SECONDS", 0.01)
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    members = Scripted([*looks])
    there: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    there.set_result("urn")
    run = rollout.Rollout(
        "etcd-test",
        settings(),
        members=cast("ClusterClient", members),
        ready=cast("Any", None),
        version=cast("Any", None),
    )
    await run.watch(GOING, cast("Any", Registered(there)), cast("Any", Registered(members.gone)))
    assert members.pushes == hangs
