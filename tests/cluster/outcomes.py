"""The summary line of a folder of tests, and the exit status of a session that lost something."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def outcomes(reporter: pytest.TerminalReporter, folder: str) -> tuple[int, int]:
    """How many tests of a folder ran in this session, and how many of them passed."""
    reports = [
        (outcome, report)
        for outcome in ("passed", "failed", "error")
        for report in reporter.getreports(outcome)
        if folder in report.nodeid
    ]
    passed = [report for outcome, report in reports if outcome == "passed" and report.when == "call"]
    return len({report.nodeid for _, report in reports}), len(passed)


def print_summary(
    config: pytest.Config, folder: str, name: str, *, lost: int | None = None, lines: Iterable[str] = ()
) -> None:
    """Write ``lines`` and the summary line of a folder, if any of its tests ran.

    For ``pytest_unconfigure``: it comes after pytest's own last line, so that the summary line ends the session.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    cases, passed = outcomes(reporter, folder)
    if cases:
        for line in lines:
            reporter.write_line(line)
        reporter.write_line(f"{name}={cases} passed={passed}{'' if lost is None else f' lost={lost}'}")


def fail_session(session: pytest.Session) -> None:
    """Let a session fail in which all tests passed. Leave every other exit status as it is."""
    if session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
