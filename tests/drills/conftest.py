"""The cluster that the drills share, and the summary line of ``make drills``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.cluster.clouds import fresh_cloud
from tests.cluster.outcomes import outcomes
from tests.drills.drill import Drill, Losses

LOSSES = pytest.StashKey[Losses]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LOSSES] = Losses()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    drills, passed = outcomes(terminalreporter, "tests/drills")
    if drills:
        lost = config.stash[LOSSES].lost
        terminalreporter.write_line(f"drills={drills} passed={passed} lost={lost}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[LOSSES].lost and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def losses(pytestconfig: pytest.Config) -> Losses:
    return pytestconfig.stash[LOSSES]


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("drill") as tested:
        yield tested


@pytest.fixture(scope="package")
def drill(cloud: LocalCloud, losses: Losses, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """Three members with a backup every minute. Each drill leaves them healthy."""
    created = Drill(cloud, tmp_path_factory.mktemp("drill"), losses, backupInterval="1m")
    created.up()
    return created
