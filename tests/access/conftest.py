"""The clusters that the tests of access share, and the summary line of ``make access``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.access.stack import AccessStack
from tests.cluster.clouds import fresh_cloud
from tests.cluster.outcomes import fail_session, print_summary
from tests.drills.drill import Losses
from tests.lifecycle.figures import Figures
from tests.lifecycle.mending import keep_failure, mended_after

FIGURES = pytest.StashKey[Figures]()
LOSSES = pytest.StashKey[Losses]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()
    config.stash[LOSSES] = Losses()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    lost = figures.lost + config.stash[LOSSES].lost
    print_summary(config, "tests/access", "access", lost=lost, lines=[case.line() for case in figures.cases])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not session.config.stash[FIGURES].good or session.config.stash[LOSSES].lost:
        fail_session(session)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def losses(pytestconfig: pytest.Config) -> Losses:
    return pytestconfig.stash[LOSSES]


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("access") as tested:
        yield tested


@pytest.fixture(scope="package")
def stack(
    cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccessStack]:
    """Three members with authentication from the first run on. Each case leaves them healthy, and it on."""
    created = AccessStack(
        cloud, tmp_path_factory.mktemp("access"), figures, "access", domain="access.example.test", auth=True
    )
    created.configure(clients=created.clients())
    with created as cluster:
        yield cluster
        cluster.read_all()


pytest_runtest_makereport = keep_failure


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    yield from mended_after(request, "stack")
