"""The cluster that the drills share, and the summary line of ``make drills``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.cluster.clouds import fresh_cloud
from tests.cluster.outcomes import fail_session, print_summary
from tests.drills.drill import Drill, Losses

LOSSES = pytest.StashKey[Losses]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LOSSES] = Losses()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    print_summary(config, "tests/drills", "drills", lost=config.stash[LOSSES].lost)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[LOSSES].lost:
        fail_session(session)


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
