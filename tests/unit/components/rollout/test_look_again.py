"""A run whose last gate was not asked looks at the members that there are, and touches none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pulumi
import pytest

from components.etcd.cluster_client import ClusterClient
from components.etcd.health import MemberStatus, Observation
from components.rollout import gates as rollout
from tests.unit.components.config.valid_settings import settings

NAMES = [f"etcd-server-{number}.etcd.example.com" for number in range(1, 6)]


class Known:
    """A value that the engine gives, or does not."""

    def __init__(self, value: object) -> None:
        self._value = value
        self.id = self

    async def future(self) -> object:
        return self._value


class Running:
    """A healthy cluster of the first ``size`` members."""

    def __init__(self, size: int) -> None:
        self._names = NAMES[:size]
        self.existing = Known(frozenset(self._names))

    async def gateway(self, name: str) -> None:
        raise AssertionError(name)

    def forget_addresses(self) -> None:
        """Nothing is remembered."""

    async def power_on(self, sick: Iterable[str]) -> None:
        """All are on."""

    async def look(self) -> dict[str, Observation]:
        ids = dict.fromkeys(self._names, "id")
        return {
            name: MemberStatus(
                *("cluster", name, "leader"),
                learner=False,
                healthy=True,
                reason="",
                voters=frozenset(self._names),
                ids=ids,
                version="3.6.14",
                cluster_version="3.6.0",
            )
            for name in self._names
        }


@pytest.mark.parametrize(
    ("running", "asked"), [(3, 3), (5, 3), (3, 5)], ids=["as asked", "smaller", "larger"]
)
async def test_a_size_that_is_not_reached_in_this_run_makes_nobody_leave_and_nobody_waited_for(
    monkeypatch: pytest.MonkeyPatch, running: int, asked: int
) -> None:
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    run = rollout.Rollout(
        "etcd-test",
        settings(size=asked).model_copy(update={"health_timeout_seconds": 0.5}),
        # Whoever is asked to remove a member, or to let one lead, is not there.
        members=cast("ClusterClient", Running(running)),
        ready=cast("Any", None),
        version=cast("Any", Known("3.6.14")),
    )
    for number, name in enumerate(NAMES[:asked]):
        run.note_droplet(name, cast("Any", Known(str(number) if number < running else None)))
    await run.look_again()
