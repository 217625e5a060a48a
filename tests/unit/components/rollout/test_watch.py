"""What a run does about a droplet that does not shut down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pulumi
import pytest

from components.etcd.member_status import Observation
from components.rollout import watch
from components.rollout.watch import ShutdownWatch
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import NAMES, FakeMembers, FakeResource, observed

GOING = NAMES[0]
OTHER = NAMES[2]


class ScriptedMembers(FakeMembers):
    """Members as one observation after the other shows them. After the last one the droplet is gone."""

    def __init__(self, script: Sequence[Mapping[str, Observation]]) -> None:
        super().__init__({})
        self._script = [*script]
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.unresponsive: list[bool] = []
        """For each retry of the shutdown, whether the machine was taken for unresponsive."""

    async def observe(self) -> Mapping[str, Observation]:
        observations = self._script.pop(0)
        if not self._script:
            self.gone.set_result("urn")
        return observations

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        assert name == GOING
        assert since > 0
        self.unresponsive.append(unresponsive)
        return frozenset({"power_off" if unresponsive else "shutdown"})


@pytest.mark.parametrize(
    ("script", "unresponsive"),
    [
        ([observed()] * 5, [False] * 5),
        ([observed(GOING)] * 4, [False, False, True, True]),
        ([observed(GOING), observed(GOING), observed(), observed(GOING), observed(GOING)], [False] * 5),
        (
            [observed(GOING), observed(GOING), observed(GOING, OTHER), observed(GOING), observed(GOING)],
            [False] * 4,
        ),
        ([observed(OTHER)] * 4, []),
        ([observed(*NAMES)] * 4, []),
    ],
    ids=[
        "it is healthy",
        "it stays unhealthy",
        "it is healthy now and then",
        "another was unhealthy meanwhile",
        "another is unhealthy",
        "no member answers",
    ],
)
async def test_only_a_member_that_stays_the_only_unhealthy_one_is_powered_off(
    monkeypatch: pytest.MonkeyPatch, script: list[dict[str, Observation]], unresponsive: list[bool]
) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    members = ScriptedMembers(script)
    await ShutdownWatch(settings(), members=members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.unresponsive == unresponsive
