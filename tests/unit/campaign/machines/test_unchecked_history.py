"""A history that cannot be checked is a problem of its schedule, beside all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ended_life import OTHER, judged_with

RECORD = '{"operation": "none"}\n{"operation": "none"}\n'


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
    found = judged_with(checker, tmp_path, monkeypatch, history=history)
    assert not found.linearizable
    assert OTHER in found.problems
    (problem,) = (one for one in found.problems if one.check == "history")
    assert said in problem.text


def test_a_checker_that_does_not_end_fails_its_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaign.history.linearizability.GRACE_SECONDS", -59.5)
    found = judged_with("exec sleep 30", tmp_path, monkeypatch)
    assert "did not end within" in next(one.text for one in found.problems if one.check == "history")
