"""Authentication that somebody switched on by hand is recognised everywhere, and nothing is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from components.shared.ports import EXPORTER_PORT
from localcloud.cloud import LocalCloud
from tests.access.stack import WithClients
from tests.cluster.cluster import UP_LIMIT, wait_for
from tests.drills.runbook import command

MEMBER = "etcd-server-1.byhand.example.test"
METRIC = "etcd_node_authentication_unmanaged"
WAY_OUT = ("etcdctl", "--user", "root:secret", "auth", "disable")


@pytest.fixture(scope="module")
def single(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithClients]:
    """One member with backups, whose stack knows nothing of authentication."""
    created = WithClients(
        cloud, tmp_path_factory.mktemp("byhand"), "byhand", domain="byhand.example.test", size=1
    )
    created.up()
    yield created
    created.destroy()


@pytest.fixture
def switched_on(single: WithClients) -> Iterator[WithClients]:
    single.etcdctl("user", "add", "root:secret")
    single.etcdctl("user", "grant-role", "root", "root")
    single.etcdctl("auth", "enable")
    yield single
    done = single.run(*WAY_OUT)
    assert done.returncode == 0, done.stdout
    single.etcdctl("user", "delete", "root")


def metric(single: WithClients) -> str:
    """The line of the exporter that says whether authentication is on without the stack's doing."""
    read = single.on(
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
    failed = switched_on.backed_up(MEMBER)
    assert failed.returncode != 0
    assert "authentication" in failed.stdout.lower()
    checked = switched_on.cloud.exec(
        MEMBER, ["sh", "-c", command("Look", "recover check")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90,
    )  # fmt: skip
    assert "authentication" in checked.stdout.lower()
    assert "from-backup" not in checked.stdout


def test_all_is_well_after_it_was_switched_off(single: WithClients) -> None:
    wait_for(lambda: metric(single), lambda line: line.endswith(" 0"), "metric that is 0")
    assert single.backed_up(MEMBER).returncode == 0
    assert "auth disable" not in single.up("--expect-no-changes")
