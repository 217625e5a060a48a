"""Three members watched by Prometheus, with rules that fire within seconds instead of minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster
from tests.cluster.clouds import fresh_cloud
from tests.monitoring.watch import Watch

RULES = Path(__file__).parents[2] / "monitoring/alerts.yaml"
QUICK = {r"for: \d+m": "for: 5s", r"\[5m\]": "[30s]", r"\[15m\]": "[60s]", r"\[7d\]": "[20s]"}


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("mon") as tested:
        yield tested


@pytest.fixture(scope="package")
def cluster(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Three members with certificates that end in 300 hours, which is too soon for the rules."""
    created = Cluster(
        cloud,
        tmp_path_factory.mktemp("watched"),
        certificateValidityHours=300,
        certificateRenewalHours=24,
        backupInterval="1m",
    )
    created.up()
    return created


@pytest.fixture(scope="package")
def watch(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The alerts of the cluster's Prometheus, by the project's rules with shorter times."""
    text = RULES.read_text()
    for pattern, quick in QUICK.items():
        text, changes = re.subn(pattern, quick, text)
        assert changes
    rules = tmp_path_factory.mktemp("rules") / "alerts.yaml"
    rules.write_text(text)
    return Watch(cluster, rules)
