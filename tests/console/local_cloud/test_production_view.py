"""The console of a production stack, with real machines and real runs. It knows nothing of the local cloud."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.tokens import DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN
from testbed.cluster import Cluster
from testbed.faults.clouds import rate_limited
from testbed.update import Update
from tests.console.local_cloud.production_view import ProductionView


@pytest.fixture(scope="module")
def view(cluster: Cluster) -> Iterator[ProductionView]:
    """The page of a healthy cluster."""
    with ProductionView(cluster) as followed:
        followed.until(lambda: followed.all_healthy, "healthy members")
        yield followed


def test_members_are_seen_over_tls(cluster: Cluster, view: ProductionView) -> None:
    assert [member.name for member in view.members] == cluster.names
    assert sorted(str(member.role) for member in view.members) == ["follower", "follower", "leader"]
    assert view.problem == ""


def test_after_ctrl_c_the_page_says_how_to_go_on(cluster: Cluster, view: ProductionView) -> None:
    cluster.configure(quotaGiB=3)
    update = Update(cluster)
    update.begins_one_of("delete-replaced", {"etcd-etcd-local-1"})
    view.until(lambda: view.shows("running"), "run")
    update.interrupt()
    # While the engine works on a resource, it does not tell the program.
    view.until(lambda: "Ctrl-C" in view.run.reason, "end of the run")
    assert view.run.outcome in {"interrupted", "failed"}


def test_after_a_kill_the_page_names_the_lock(cluster: Cluster, view: ProductionView) -> None:
    update = Update(cluster)
    view.until(lambda: view.shows("running"), "run")
    update.kill()
    view.until(lambda: view.shows("interrupted") and "pulumi cancel" in view.run.reason, "advice")
    cluster.pulumi("cancel", "--yes")
    cluster.up()
    view.until(lambda: view.shows("succeeded") and view.all_healthy, "run that went on")


def test_while_the_api_is_busy_the_page_says_so(cluster: Cluster, view: ProductionView) -> None:
    with rate_limited(cluster, "digitalocean"):
        view.until(lambda: "429" in view.problem, "problem")
        assert view.all_healthy
    view.until(lambda: not view.problem, "end of the problem")


def test_the_end_of_a_destroy_is_never_called_an_interruption(cluster: Cluster, view: ProductionView) -> None:
    cluster.destroy()
    view.until(lambda: "has no cluster" in view.problem, "end of the cluster")
    view.until(lambda: view.run.command == "destroy" and view.shows("succeeded"), "end of the destroy")
    assert {outcome for command, outcome in view.outcomes if command == "destroy"} == {"running", "succeeded"}


def test_the_production_page_is_told_no_secret(cluster: Cluster, view: ProductionView) -> None:
    for secret in (
        "PRIVATE KEY",
        "-----BEGIN",
        DIGITALOCEAN_TOKEN,
        DISCOVERY_TOKEN,
        "localcloud-backup-secret",
    ):
        assert secret not in view.text
