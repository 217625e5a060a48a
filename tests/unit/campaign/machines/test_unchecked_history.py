"""A history that cannot be checked is a problem of its schedule, beside all others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from campaign.history.problem import Problem
from campaign.machines.clients import Stopped, Stores
from campaign.machines.life import Life
from campaign.machines.verdict import Verdict, verdict

OTHER = Problem("repair", "m1 did not answer")
RECORD = '{"operation": "none"}\n{"operation": "none"}\n'


def life_with(history: str, folder: Path) -> Life:
    """What a verdict needs of a cluster whose repair failed."""
    (folder / "history.jsonl").write_text(history)
    clients = SimpleNamespace(
        stop=lambda: Stopped(calls={}, leases_left=0),
        stores=lambda _names: Stores(watched_until=0, stores={}, problems={}),
    )
    life = SimpleNamespace(
        clients=clients,
        stack=SimpleNamespace(names=["m1"]),
        runs=SimpleNamespace(outcomes=[]),
        log=SimpleNamespace(note=lambda _text: None),
        folder=folder,
        history=folder / "history.jsonl",
        problems=[OTHER],
        machines_off=[],
        all_down=[],
        disturbed=[],
        members_up=lambda: ["m1"],
        clusters=lambda: ["c"],
        observations=list,
    )
    return cast(Life, life)


def judged_with(checker: str, history: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    program = folder / "checker"
    program.write_text(f"#!/bin/sh\n{checker}\n")
    program.chmod(0o755)
    monkeypatch.setattr("campaign.machines.verdict.ensure_linearizability_checker", lambda: program)
    return verdict(life_with(history, folder), repaired=False, falsify=lambda _history: None)


@pytest.mark.parametrize(
    ("checker", "history", "said"),
    [
        ("echo no memory >&2; exit 3", "", "ended with status 3: no memory"),
        ("kill -KILL $$", "", "ended with status -9: it says nothing"),
        ("echo {}", "", "gave no verdict"),
        ("true", RECORD, "line 1 of"),
    ],
)
def test_a_history_that_cannot_be_checked_fails_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checker: str, history: str, said: str
) -> None:
    found = judged_with(checker, history, tmp_path, monkeypatch)
    assert not found.linearizable
    assert OTHER in found.problems
    (problem,) = (one for one in found.problems if one.check == "history")
    assert said in problem.text


def test_a_checker_that_does_not_end_fails_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaign.history.linearizability.GRACE_SECONDS", -59.5)
    found = judged_with("exec sleep 30", "", tmp_path, monkeypatch)
    assert "did not end within" in next(one.text for one in found.problems if one.check == "history")
