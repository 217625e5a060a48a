"""The last line of a session counts the tests of its folder, and a loss fails the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cluster.outcomes import fail_session, print_summary

REPORTS = {
    "passed": [("tests/drills/test_a.py::test_1", "setup"), ("tests/drills/test_a.py::test_1", "call")],
    "failed": [("tests/drills/test_a.py::test_2", "call"), ("tests/unit/test_b.py::test_3", "call")],
}


def written(reports: Mapping[str, Sequence[tuple[str, str]]], **given: Any) -> list[str]:
    """What a session with these reports writes at its end."""
    lines: list[str] = []

    def found(outcome: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(nodeid=nodeid, when=when) for nodeid, when in reports.get(outcome, [])]

    reporter = SimpleNamespace(getreports=found, write_line=lines.append)
    config: Any = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=lambda _: reporter))
    print_summary(config, "tests/drills", "drills", **given)
    return lines


def test_the_summary_line_comes_last_and_counts_its_folder() -> None:
    assert written(REPORTS) == ["drills=2 passed=1"]
    assert written(REPORTS, lost=0, lines=["a case"]) == ["a case", "drills=2 passed=1 lost=0"]


def test_a_session_without_tests_of_the_folder_writes_nothing() -> None:
    assert written({"passed": [("tests/unit/test_b.py::test_3", "call")]}, lost=0, lines=["a case"]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED),
        (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERRUPTED),
    ],
)
def test_a_failed_session_keeps_any_other_exit_status(
    before: pytest.ExitCode, after: pytest.ExitCode
) -> None:
    session: Any = SimpleNamespace(exitstatus=before)
    fail_session(session)
    assert session.exitstatus == after
