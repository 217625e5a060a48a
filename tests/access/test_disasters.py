"""The drills of a full database, of recovery and of restore, with authentication on.

They are those of ``tests/drills``. Their commands have the certificate of a client with the role root, and the writer
that one of an application.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.checkout import CHECKOUT
from localcloud.cli.proof import KEY, NotWritten, prove
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT, OPERATOR
from testbed.cluster import wait_for
from tests.access.stack import ADMIN, METRICS, AccessDrill, usual_clients
from tests.cluster.clouds import fresh_cloud
from tests.drills import test_database, test_recovery
from tests.drills.drill import Losses
from tests.monitoring.watch import Watch

TARGETS = 6
"""etcd and the exporter of each member."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud without other clusters: the drills take their names, and delete every volume."""
    with fresh_cloud("disaster") as tested:
        yield tested


@pytest.fixture(scope="module")
def drill(cloud: LocalCloud, losses: Losses, tmp_path_factory: pytest.TempPathFactory) -> AccessDrill:
    """Three members with authentication, a stack with the name that ``localcloud prove`` takes."""
    created = AccessDrill(cloud, tmp_path_factory.mktemp("disasters"), losses, auth=True)
    created.configure(clients=usual_clients("/last/", "/during/"))
    created.up()
    return created


def test_prove_takes_the_client_with_root_and_names_what_another_one_lacks(
    drill: AccessDrill, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(prove(drill.cloud, drill.folder).files[1]).name == f"client-{ADMIN}-certificate.pem"
    monkeypatch.setenv(CLIENT, OPERATOR)
    assert prove(drill.cloud, drill.folder).key == NotWritten(
        (
            f"{OPERATOR} may not read and write {KEY}.",
            f"One that may: .venv/bin/localcloud --client {ADMIN} prove",
        )
    )


def test_prometheus_reads_every_target_with_a_client_that_opens_no_key(drill: AccessDrill) -> None:
    watch = Watch(drill, CHECKOUT / "monitoring/alerts.yaml")
    wait_for(watch.up, lambda up: up == TARGETS, "answer of every target")
    used = (drill.cloud.layout.run / "prometheus/client.pem").read_text(encoding="ascii")
    assert used == drill.outputs()[f"client-{METRICS}-certificate"]
    drill.cloud.prometheus.stop()


def test_members_defragment_under_an_application(drill: AccessDrill, losses: Losses, tmp_path: Path) -> None:
    test_database.test_members_defragment_while_values_are_written_and_no_write_fails(drill, losses, tmp_path)


def test_the_runbook_repairs_a_full_database(drill: AccessDrill) -> None:
    test_database.test_the_runbook_repairs_a_database_that_is_full_of_keys(drill)


def test_one_survivor_keeps_its_writes_and_its_users(
    drill: AccessDrill, losses: Losses, tmp_path: Path
) -> None:
    rights = drill.rights()
    test_recovery.test_one_survivor_keeps_its_writes_and_the_others_rejoin_it(drill, losses, tmp_path)
    assert drill.rights() == rights


def test_the_newest_backup_restores_a_cluster_without_droplets(drill: AccessDrill) -> None:
    rights = drill.rights()
    test_recovery.test_the_newest_backup_restores_a_cluster_without_droplets_or_volumes(drill)
    assert drill.rights() == rights


def test_a_new_cluster_begins_with_the_snapshot_of_one_with_users(drill: AccessDrill, tmp_path: Path) -> None:
    rights = drill.rights()
    test_recovery.test_a_new_cluster_begins_with_an_adopted_snapshot(drill, tmp_path)
    assert drill.rights() == rights
