"""Authentication that somebody switched on by hand is recognised everywhere, and nothing is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from components.shared.ports import EXPORTER_PORT
from localcloud.cloud import LocalCloud
from testbed.cluster import UP_LIMIT, wait_for
from tests.access.stack import WithClients
from tests.drills.runbook import command

DOMAIN = "byhand.example.test"
MEMBER = f"etcd-server-1.{DOMAIN}"
PATIENCE = 20
"""Seconds that a run waits for the members' health."""
METRIC = "etcd_node_authentication_unmanaged"
WAY_OUT = ("etcdctl", "--user", "root:secret", "auth", "disable")


@pytest.fixture(scope="module", params=[1, 3])
def cluster(
    cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[WithClients]:
    """Members with backups, whose stack knows nothing of authentication. No other member sees the single one."""
    created = WithClients(
        cloud,
        tmp_path_factory.mktemp("byhand"),
        f"byhand{request.param}",
        domain=DOMAIN,
        size=request.param,
    )
    created.up()
    created.configure(healthTimeoutSeconds=PATIENCE)
    yield created
    created.destroy()


@pytest.fixture
def switched_on(cluster: WithClients) -> Iterator[WithClients]:
    cluster.etcdctl("user", "add", "root:secret")
    cluster.etcdctl("user", "grant-role", "root", "root")
    cluster.etcdctl("auth", "enable")
    yield cluster
    done = cluster.run(*WAY_OUT)
    assert done.returncode == 0, done.stdout
    cluster.etcdctl("user", "delete", "root")


def metric(cluster: WithClients) -> str:
    """The line of the exporter that says whether authentication is on without the stack's doing."""
    read = cluster.on(
        MEMBER,
        "cd /etc/etcd && curl --silent --max-time 5 --cacert ca.pem --cert server.pem --key server-key.pem "
        f"https://127.0.0.1:{EXPORTER_PORT}/metrics",
    )
    return next((line for line in read.splitlines() if line.startswith(METRIC)), "")


@pytest.mark.parametrize("run", [("preview",), ("up", "--yes", "--skip-preview")], ids=["preview", "up"])
def test_a_run_says_one_clear_line_and_changes_nothing(
    switched_on: WithClients, run: tuple[str, ...]
) -> None:
    droplet, configured = switched_on.droplet_id(MEMBER), {"maxTxnOps": 1024}
    switched_on.configure(**configured)
    said = switched_on.run("pulumi", *run, "--non-interactive", limit=UP_LIMIT).stdout
    switched_on.configure(maxTxnOps=None)
    assert {line.strip() for line in said.splitlines() if "auth disable" in line}, said
    assert "Traceback" not in said
    assert "quorum" not in said
    assert switched_on.droplet_id(MEMBER) == droplet


def test_the_member_says_so_and_its_backup_fails(switched_on: WithClients) -> None:
    wait_for(lambda: metric(switched_on), lambda line: line.endswith(" 1"), "metric that is 1")
    failed = switched_on.back_up(MEMBER)
    assert failed.returncode != 0
    assert "authentication" in failed.stdout.lower()
    checked = switched_on.cloud.exec(
        MEMBER, ["sh", "-c", command("Look", "recover check")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90,
    )  # fmt: skip
    assert "authentication" in checked.stdout.lower()
    assert "from-backup" not in checked.stdout


def test_all_is_well_after_it_was_switched_off(cluster: WithClients) -> None:
    wait_for(lambda: metric(cluster), lambda line: line.endswith(" 0"), "metric that is 0")
    assert cluster.back_up(MEMBER).returncode == 0
    assert "auth disable" not in cluster.up("--expect-no-changes")
