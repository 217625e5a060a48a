"""Answers of different moments, while a leader is elected."""

from __future__ import annotations

from dataclasses import replace

from components.etcd.member_status import Observation
from console.history.elections import Elections
from tests.unit.console.statuses import healthy_status

NAMES = [f"etcd-server-{number}.example.com" for number in (1, 2, 3)]


def answers(*leaders: str) -> dict[str, Observation]:
    seen = {name: healthy_status(at, NAMES) for at, name in enumerate(NAMES, start=1)}
    pairs = zip(seen.items(), leaders, strict=True)
    return {name: replace(status, leader=leader) for (name, status), leader in pairs}


def test_members_that_name_different_leaders_are_in_doubt_for_a_moment() -> None:
    elections = Elections()
    assert set(elections.doubts(answers("1", "2", "2"), 1000.0)) == set(NAMES)
    assert set(elections.doubts(answers("1", "2", "2"), 1009.0)) == set(NAMES)
    assert elections.doubts(answers("1", "2", "2"), 1010.0) == {}
    assert elections.doubts(answers("2", "2", "2"), 1011.0) == {}
    assert set(elections.doubts(answers("2", "3", "2"), 1012.0)) == set(NAMES)


def test_a_member_without_a_leader_is_not_excused_by_an_election() -> None:
    assert Elections().doubts(answers("0", "2", "2"), 1000.0) == {}
    assert NAMES[0] not in Elections().doubts(answers("0", "1", "2"), 1000.0)
