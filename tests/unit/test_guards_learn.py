"""Where a run makes a marker, no droplet is touched before the members' guards go by it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pulumi
import pytest
from prepare_cluster import guard

from components.health import Answer, Probe, Silence
from components.members import Members
from components.vetoes import Vetoes

from .valid_settings import settings

NAMES = [f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3)]


class Seen:
    """Members of whom the last ``sick`` ones are silent."""

    def __init__(self, *, sick: int) -> None:
        self._sick = NAMES[3 - sick :]

    async def look(self) -> dict[str, Probe]:
        return {name: Silence("gone") if name in self._sick else answer(name) for name in NAMES}


def answer(name: str) -> Answer:
    ids = dict.fromkeys(NAMES, "id")
    return Answer(
        *("cluster", name, "leader"), learner=False, healthy=True, reason="", voters=frozenset(NAMES), ids=ids
    )


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits for the guards; none takes any time."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def no_time(seconds: float) -> None:
        asked.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", no_time)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    return asked


async def touch(*, sick: int, marked: bool) -> None:
    """What every droplet that exists waits for, in a run that has made a marker or not."""
    run = Vetoes(
        "etcd-test",
        settings(),
        members=cast("Members", Seen(sick=sick)),
        droplets={},
        others_healthy=cast("Any", None),
    )
    if marked:
        run.note_marked(cast("Any", None))
    await asyncio.gather(*(run.guards_know() for _ in NAMES))


async def test_with_a_sick_member_all_droplets_wait_together_until_no_guard_goes_by_an_older_marker(
    waits: list[float],
) -> None:
    await touch(sick=1, marked=True)
    assert waits == [guard.FRESH]


@pytest.mark.parametrize(("sick", "marked"), [(0, True), (1, False), (2, False)])
async def test_nobody_waits_for_guards_that_go_by_no_marker_or_by_the_one_that_was_there(
    waits: list[float], sick: int, marked: bool
) -> None:
    await touch(sick=sick, marked=marked)
    assert waits == []
