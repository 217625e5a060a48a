"""The running cluster that the cases share, and the summary line of the session.

Each worker of pytest-xdist has a local cloud and a running cluster of its own, and runs whole modules. So has each part
that ``LIFECYCLE_PART`` names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from tests.cluster.clouds import fresh_cloud
from tests.cluster.outcomes import fail_session
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live
from tests.lifecycle.mending import keep_failure, mended_after

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


def pytest_testnodedown(node: Any) -> None:
    if figures := getattr(node, "workeroutput", {}).get("figures"):
        node.config.stash[FIGURES].add(figures)


def failures(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """One line for each test that failed."""
    for report in [*reporter.getreports("failed"), *reporter.getreports("error")]:
        crash = getattr(report.longrepr, "reprcrash", None)
        reason = crash.message if crash is not None else str(report.longrepr)
        yield f"{report.nodeid} ({report.when}): {reason[:2000]!r}"


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    # After pytest's own last line, so that the summary ends the session. The failures are repeated beside it: whoever
    # reads only the end of a long log must see them.
    figures = config.stash[FIGURES]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if figures.cases and reporter is not None and not hasattr(config, "workerinput"):
        *cases, summary = figures.lines()
        for line in [*cases, *failures(reporter), summary]:
            reporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    figures = session.config.stash[FIGURES]
    output: dict[str, bytes] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = figures.dump()
    elif not figures.good:
        fail_session(session)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    part = os.environ.get("PYTEST_XDIST_WORKER") or os.environ.get("LIFECYCLE_PART", "")
    with fresh_cloud(f"life{part}") as tested:
        yield tested


@pytest.fixture(scope="package")
def live(cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Three members with data volumes, created once. Each case leaves them healthy."""
    with Live(cloud, tmp_path_factory.mktemp("live"), figures, "live", domain="live.example.test") as cluster:
        yield cluster
        cluster.read_all()


pytest_runtest_makereport = keep_failure


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    yield from mended_after(request, "live")
