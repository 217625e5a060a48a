"""What the summary line of a folder of tests counts."""

from __future__ import annotations

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
