"""While no member blocks its shutdown, a run changes members in turn."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from components.rollout import waiting
from components.rollout.member_health import MemberHealth
from components.rollout.unguarded import UnguardedMode
from components.rollout.waiting import UnhealthyError
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import NAMES, FakeMembers, FakeResource, healthy, observed

FIRST, SECOND, THIRD = NAMES


class UnguardedRun:
    """Three members, and the engine, which handles a gate after the droplets before it, and then its droplet."""

    def __init__(self, *unhealthy: str) -> None:
        self.members = FakeMembers(observed(*unhealthy), unguarded=True)
        self.changed: list[str] = []
        self.handled = {name: asyncio.get_running_loop().create_future() for name in NAMES}
        limited = settings(healthTimeoutSeconds=10).model_copy(update={"health_timeout_seconds": 1})
        self.mode = UnguardedMode(
            limited,
            members=self.members,
            health=MemberHealth(
                "etcd-test", limited, members=self.members, version=pulumi.Output.from_input("3.6.14")
            ),
            records={name: FakeResource(future) for name, future in self.handled.items()},
        )

    def unhealthy(self) -> set[str]:
        return {name for name, status in self.members.observations.items() if status != healthy()}

    async def change_all(self) -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*(self._change(name) for name in NAMES))

    async def _change(self, name: str) -> None:
        """Change one droplet when it may be changed. Its member is healthy afterwards."""
        before = [self.handled[other] for other in NAMES[: NAMES.index(name)]]
        gate = FakeResource(asyncio.ensure_future(all_of(before)))
        await self.mode.wait_for_turn(name, gate)
        assert self.unhealthy() <= {name}
        self.changed.append(name)
        self.members.observations[name] = healthy()
        self.handled[name].set_result("urn")


async def all_of(futures: list[asyncio.Future[str]]) -> str:
    await asyncio.gather(*(asyncio.shield(future) for future in futures))
    return "urn"


@pytest.fixture(autouse=True)
def _silent_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lambda _: None)
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)


@pytest.mark.parametrize(
    ("unhealthy", "order"),
    [([], [*NAMES]), ([THIRD], [THIRD, FIRST, SECOND]), ([FIRST], [*NAMES])],
    ids=["all are healthy", "the third is unhealthy", "the first is unhealthy"],
)
async def test_members_change_in_turn_and_the_only_unhealthy_one_first(
    unhealthy: list[str], order: list[str]
) -> None:
    run = UnguardedRun(*unhealthy)
    await run.change_all()
    assert run.changed == order


async def test_while_two_members_are_unhealthy_none_changes() -> None:
    run = UnguardedRun(SECOND, THIRD)
    with pytest.raises(UnhealthyError, match="Before etcd-server-1"):
        await run.change_all()
    assert run.changed == []
