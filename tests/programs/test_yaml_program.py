"""A program in YAML has the package's cluster for a whole life, with the same figures as the program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from tests.lifecycle.figures import Figures
from tests.lifecycle.repairs import replaces
from tests.programs.yaml_program import YamlLive


@pytest.fixture(scope="module")
def live(cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[YamlLive]:
    folder = tmp_path_factory.mktemp("yaml")
    with YamlLive(cloud, folder, figures, "yaml", domain="yaml.example.test") as cluster:
        yield cluster
        cluster.read_all()


def test_a_second_run_changes_nothing(live: YamlLive) -> None:
    live.up("--expect-no-changes")


def test_a_changed_argument_changes_the_members_one_at_a_time(live: YamlLive) -> None:
    with replaces(live, 1, 2, 3), live.case("yaml: a changed argument"):
        live.configure(heartbeatMs=150)
        live.up()
