"""The local cloud in which callers' programs run, and the summary line of ``make component``."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from localcloud.api import addressing
from localcloud.api.cloud import Limits
from localcloud.cloud import LocalCloud
from localcloud.machines.interface import NoMachines
from localcloud.toolchain.yaml_language_host import install_yaml_language_host
from tests.cluster.clouds import fresh_cloud
from tests.cluster.outcomes import print_summary
from tests.lifecycle.figures import Figures
from tests.localcloud.conftest import Lab

FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    lines = [case.line() for case in figures.cases]
    print_summary(config, "tests/programs", "component", lost=figures.lost, lines=lines)


@pytest.fixture
def silent_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The APIs of a cloud without machines. Nothing listens at the droplets' addresses, which are on loopback."""
    monkeypatch.setattr(addressing, "PUBLIC_NETWORK", IPv4Network("127.113.0.0/24"))
    folder = tmp_path / "cloud"
    folder.mkdir()
    lab = Lab(folder, NoMachines(), Limits())
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("programs") as tested:
        install_yaml_language_host(tested.layout.pulumi_home)
        yield tested
