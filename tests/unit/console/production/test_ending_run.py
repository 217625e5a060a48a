"""Between the end of a run and the reading of the history, nobody knows how it ended."""

from __future__ import annotations

from typing import Any

import pytest

from console.production.ending_run import UNREADABLE, EndingRun
from console.runs.reader import Runs, span_of
from console.view.run import Outcome, Run


def run(began: float, **fields: Any) -> Run:
    known: dict[str, Any] = {
        "id": f"lock-{began:.0f}",
        "command": "destroy",
        "began": began,
        "ended": None,
        "outcome": "running",
        "reason": "",
        "steps": [],
        "waiting_for": None,
        "waiting_since": None,
        "lines": [],
    }
    return Run(**(known | fields))


def runs(*known: Run) -> Runs:
    return Runs(known[-1] if known else None, [span_of(one) for one in known])


EARLIER = run(10, ended=20, outcome="succeeded", command="up")
GOES_ON = run(100, told=False)
TOLD = run(100, id="history-100", ended=150, outcome="succeeded")


@pytest.fixture
def ending() -> EndingRun:
    """A destroy that has just ended, and of which only its lock was known."""
    watched = EndingRun()
    assert not watched.look(runs(EARLIER))
    assert not watched.look(runs(EARLIER, GOES_ON))
    assert not watched.look(runs(EARLIER, GOES_ON))
    assert watched.look(runs(EARLIER))
    return watched


def test_a_run_whose_end_is_not_told_yet_is_shown_as_going_on(ending: EndingRun) -> None:
    shown = ending.added_to(runs(EARLIER))
    assert shown.last is not None
    assert (shown.last.id, shown.last.outcome) == (GOES_ON.id, "running")
    assert "history of the stack" in str(shown.last.waiting_for)
    assert [(span.id, span.outcome) for span in shown.spans] == [
        (EARLIER.id, "succeeded"),
        (GOES_ON.id, "running"),
    ]
    assert not ending.look(runs(EARLIER))


def test_the_history_says_how_it_ended(ending: EndingRun) -> None:
    ending.reading_begins()
    ending.history_is_read()
    known = runs(EARLIER, TOLD)
    assert ending.added_to(known) == known
    assert not ending.look(known)
    assert ending.added_to(known) == known


def test_a_reading_that_began_before_the_end_tells_nothing() -> None:
    watched = EndingRun()
    watched.look(runs(EARLIER, GOES_ON))
    watched.reading_begins()
    assert watched.look(runs(EARLIER))
    watched.history_is_read()
    shown = watched.added_to(runs(EARLIER)).last
    assert shown is not None
    assert shown.id == GOES_ON.id


def test_a_history_that_cannot_be_read_leaves_the_end_unknown(ending: EndingRun) -> None:
    ending.reading_begins()
    ending.history_is_unreadable()
    shown = ending.added_to(runs(EARLIER)).last
    assert shown is not None
    assert (shown.outcome, shown.reason) == ("interrupted", UNREADABLE)
    assert shown.ended is not None
    assert not ending.look(runs(EARLIER))


def test_a_newer_run_comes_before_the_one_that_ended(ending: EndingRun) -> None:
    newer = runs(EARLIER, run(200))
    assert ending.added_to(newer) == newer


def ended_as(outcome: Outcome, reason: str) -> tuple[EndingRun, Runs]:
    """A run that wrote what it did, and has just ended."""
    watched = EndingRun()
    watched.look(runs(run(100, id="own", command="up")))
    known = runs(run(100, id="own", command="up", ended=140, outcome=outcome, reason=reason))
    assert watched.look(known)
    return watched, known


def test_a_run_that_says_how_it_ended_is_believed_at_once() -> None:
    watched, known = ended_as("refused", "unhealthy")
    assert watched.added_to(known) == known


def test_a_silent_run_is_not_called_killed_before_the_history_is_read() -> None:
    watched, killed = ended_as("interrupted", "killed")
    shown = watched.added_to(killed)
    assert shown.last is not None
    assert shown.last.outcome == "running"
    assert [(span.id, span.outcome) for span in shown.spans] == [("own", "running")]
    watched.reading_begins()
    watched.history_is_unreadable()
    assert watched.added_to(killed) == killed


def test_once_the_history_is_read_what_is_known_stands(ending: EndingRun) -> None:
    killed = runs(run(100, outcome="interrupted", ended=150, reason="killed"))
    ending.reading_begins()
    ending.history_is_read()
    for _ in range(3):
        assert not ending.look(killed)
        assert ending.added_to(killed) == killed


def test_the_end_of_a_run_is_noticed_although_a_preview_goes_on() -> None:
    watched = EndingRun()
    up, preview = run(100, id="1", command="up"), run(110, id="2", command="preview")
    assert not watched.look(Runs(up, [span_of(up), span_of(preview)]))
    over = up.model_copy(update={"ended": 120.0, "outcome": "succeeded"})
    after = Runs(preview, [span_of(over), span_of(preview)])
    assert watched.look(after)
    assert watched.added_to(after) == after


def test_a_run_that_goes_on_is_shown_before_one_that_ended_meanwhile() -> None:
    watched = EndingRun()
    up, preview = run(100, id="1", command="up"), run(110, id="2", command="preview")
    watched.look(runs(preview))
    both = Runs(up, [span_of(up), span_of(preview.model_copy(update={"ended": 120.0, "outcome": "failed"}))])
    assert watched.look(both)
    assert watched.added_to(both) == both
