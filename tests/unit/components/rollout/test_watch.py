"""What a run does about a droplet that does not shut down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pulumi
import pytest

from components.etcd.member_status import ForeignMember, Observation
from components.rollout import watch
from components.rollout.watch import ShutdownWatch, time_limit
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import NAMES, FakeMembers, FakeResource, foreign, observed

GOING = NAMES[0]
OTHER = NAMES[2]


def going_alone() -> dict[str, Observation]:
    """Only the member that goes is unhealthy."""
    return {GOING: observed(GOING)[GOING]}


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
        ([{**foreign(ForeignMember("extra", "5", learner=False)), **going_alone()}] * 4, []),
        ([observed(*NAMES)] * 4, []),
    ],
    ids=[
        "it is healthy",
        "it stays unhealthy",
        "it is healthy now and then",
        "another was unhealthy meanwhile",
        "another is unhealthy",
        "a voter that the program did not make does not run",
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


@pytest.mark.parametrize(
    ("volume_size", "unresponsive"), [(0, [False] * 4), (10, [False, False, True, True])]
)
async def test_a_droplet_with_the_only_copy_of_the_data_is_not_powered_off(
    monkeypatch: pytest.MonkeyPatch, volume_size: int, unresponsive: list[bool]
) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    members = ScriptedMembers([going_alone()] * 4)
    alone = settings(size=1, volumeSize=volume_size)
    await ShutdownWatch(alone, members=members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.unresponsive == unresponsive


async def test_all_at_once_repeats_a_shutdown_whatever_the_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    members = ScriptedMembers([observed(OTHER), observed(*NAMES), observed()])
    # Its gate follows the record of the member before, which waits for all droplets.
    gate = FakeResource(asyncio.get_running_loop().create_future())
    await ShutdownWatch(settings(rollout="all-at-once"), members=members).follow(
        GOING, gate=gate, droplet=FakeResource(members.gone)
    )
    assert members.unresponsive == [False] * 3


class UnaskedMembers(ScriptedMembers):
    """Members none of which was asked to shut down. The last question about it ends the engine's wait."""

    async def shutdown_was_requested(self, name: str, *, since: float) -> bool:
        await self.observe()
        return False


async def test_a_droplet_that_nobody_asked_to_shut_down_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As in a larger size: the droplet waits for members that do not run yet.
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    logged: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, logged.append)
    members = UnaskedMembers([observed(OTHER), observed(), observed()])
    await ShutdownWatch(settings(), members=members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert (logged, members.unresponsive) == ([], [])


@pytest.mark.parametrize(
    ("in_force", "text"),
    [
        (180, "180 s (etcd:dropletTimeoutSeconds)"),
        (240, "240 s (etcd:dropletTimeoutSeconds of the last run; 180 counts from the next run on)"),
        (None, "etcd:dropletTimeoutSeconds was at the end of the last run"),
    ],
)
def test_a_blocked_shutdown_names_the_time_limit_that_is_in_force(in_force: int | None, text: str) -> None:
    assert time_limit(in_force, 180) == text


async def test_a_failed_observation_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    members = ScriptedMembers([observed()] * 2)
    observe, failures = members.observe, [ValueError("no JSON")]

    async def failing_once() -> Mapping[str, Observation]:
        if failures:
            raise failures.pop()
        return await observe()

    monkeypatch.setattr(members, "observe", failing_once)
    await ShutdownWatch(settings(), members=members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.unresponsive == [False, False]
