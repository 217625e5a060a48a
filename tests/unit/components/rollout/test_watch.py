"""What a run does about a droplet that does not shut down."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pulumi
import pytest

from components.config.settings import Settings
from components.etcd.member_status import ForeignMember, Observation
from components.etcd.node_report import NodeReport
from components.rollout import watch
from components.rollout.member_health import MemberHealth
from components.rollout.watch import ShutdownWatch, time_limit
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import (
    NAMES,
    FakeDroplets,
    FakeMembers,
    FakeResource,
    foreign,
    observed,
)

GOING = NAMES[0]
OTHER = NAMES[2]


def shutdown_watch(configured: Settings, members: FakeMembers) -> ShutdownWatch:
    health = MemberHealth("etcd", configured, members=members, version=pulumi.Output.from_input("3.6.16"))
    return ShutdownWatch(configured, members=members, health=health)


def going_alone() -> dict[str, Observation]:
    """Only the member that goes is unhealthy."""
    return {GOING: observed(GOING)[GOING]}


class RetriedDroplets(FakeDroplets):
    """Droplets that do not shut down on request."""

    def __init__(self) -> None:
        super().__init__()
        self.unresponsive: list[bool] = []
        """For each retry of the shutdown, whether the machine was taken for unresponsive."""

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        assert name == GOING
        assert since > 0
        self.unresponsive.append(unresponsive)
        return frozenset({"power_off" if unresponsive else "shutdown"})


class ScriptedMembers(FakeMembers):
    """Members as one observation after the other shows them. After the last one the droplet is gone."""

    def __init__(self, script: Sequence[Mapping[str, Observation]]) -> None:
        super().__init__({})
        self._script = [*script]
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.droplets = self.retried = RetriedDroplets()

    async def observe(self) -> Mapping[str, Observation]:
        observations = self._script.pop(0)
        if not self._script:
            self.gone.set_result("urn")
        return observations


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
    await shutdown_watch(settings(), members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.retried.unresponsive == unresponsive


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
    await shutdown_watch(alone, members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.retried.unresponsive == unresponsive


async def test_all_at_once_repeats_a_shutdown_whatever_the_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    members = ScriptedMembers([observed(OTHER), observed(*NAMES), observed()])
    # Its gate follows the record of the member before, which waits for all droplets.
    gate = FakeResource(asyncio.get_running_loop().create_future())
    await shutdown_watch(settings(rollout="all-at-once"), members).follow(
        GOING, gate=gate, droplet=FakeResource(members.gone)
    )
    assert members.retried.unresponsive == [False] * 3


class UnaskedDroplets(RetriedDroplets):
    """Droplets none of which was asked to shut down. The last question about it ends the engine's wait."""

    def __init__(self, members: ScriptedMembers) -> None:
        super().__init__()
        self._members = members

    async def shutdown_was_requested(self, name: str, *, since: float) -> bool:
        await self._members.observe()
        return False


async def test_a_droplet_that_nobody_asked_to_shut_down_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As in a larger size: the droplet waits for members that do not run yet.
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    logged: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, logged.append)
    members = ScriptedMembers([observed(OTHER), observed(), observed()])
    members.droplets = members.retried = UnaskedDroplets(members)
    await shutdown_watch(settings(), members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert (logged, members.retried.unresponsive) == ([], [])


DAMAGED = NodeReport("inactive", "activating", last_words="walpb: crc mismatch", exits=3)
STARTING = NodeReport("activating", "inactive", waiting="installing etcd")


@pytest.mark.parametrize(
    ("said", "warnings"),
    [([DAMAGED] * 4, 2), ([STARTING, STARTING, DAMAGED, DAMAGED], 4)],
    ids=["from the first look on", "later"],
)
async def test_a_blocked_shutdown_names_what_helps_the_unhealthy_member_once(
    monkeypatch: pytest.MonkeyPatch, said: list[NodeReport], warnings: int
) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(watch, "REPEAT_SECONDS", 0)
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    members = ScriptedMembers([observed(OTHER)] * len(said))
    reports = iter(said)

    async def reports_of(_: Collection[str]) -> Mapping[str, NodeReport]:
        return {OTHER: next(reports)}

    monkeypatch.setattr(members, "reports", reports_of)
    await shutdown_watch(settings(), members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert len(warned) == warnings
    assert f"{OTHER}: gone (its machine says: its log is damaged; " in warned[-2]
    assert warned[-1].startswith(f"To repair {OTHER}: ")
    assert "rejoin" in warned[-1]


@pytest.mark.parametrize(
    ("in_force", "text"),
    [
        (180, "180 s (etcd:dropletTimeoutSeconds)"),
        (240, "240 s (etcd:dropletTimeoutSeconds of the last successful run; 180 counts after the next one)"),
        (None, "etcd:dropletTimeoutSeconds was at the end of the last successful run"),
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
    await shutdown_watch(settings(), members).follow(
        GOING, gate=FakeResource(), droplet=FakeResource(members.gone)
    )
    assert members.retried.unresponsive == [False, False]
