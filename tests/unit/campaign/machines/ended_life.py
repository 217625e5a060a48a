"""A cluster whose schedule has ended, without machines: what a verdict needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from campaign.history.problem import Problem
from campaign.machines.clients import Stopped, Stores
from campaign.machines.life import Life
from campaign.machines.verdict import Verdict, verdict

OTHER = Problem("repair", "m1 did not answer")
"""What is wrong with the cluster before anything is judged."""


def ended_life(folder: Path, history: str, unread: Mapping[str, str]) -> Life:
    """A cluster of two members, of which some cannot be read."""
    (folder / "history.jsonl").write_text(history)
    clients = SimpleNamespace(
        stop=lambda: Stopped(calls={}, leases_left=0),
        stores=lambda _names: Stores(watched_until=1, stores={}, problems=unread),
        watched=lambda _revision: (),
    )
    life = SimpleNamespace(
        clients=clients,
        stack=SimpleNamespace(names=["m1", "m2"]),
        runs=SimpleNamespace(outcomes=[]),
        log=SimpleNamespace(note=lambda _text: None),
        folder=folder,
        history=folder / "history.jsonl",
        problems=[OTHER],
        machines_off=[],
        all_down=[],
        disturbed=[],
        clusters=lambda: ["c"],
        observations=list,
    )
    return cast(Life, life)


def judged_with(
    checker: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    history: str = "",
    unread: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict with these lines of shell as the linearizability checker."""
    program = folder / "checker"
    program.write_text(f"#!/bin/sh\n{checker}\n")
    program.chmod(0o755)
    monkeypatch.setattr("campaign.machines.verdict.ensure_linearizability_checker", lambda: program)
    life = ended_life(folder, history, unread or {})
    return verdict(life, repaired=True, falsify=lambda _history: None)
