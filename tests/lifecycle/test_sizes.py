"""The number of members changes while they work: out in parallel, in one by one, and nobody else is replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import httpx
import pytest

from localcloud.cloud import LocalCloud
from tests.cluster.cluster import requests
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live

PRIVATE = IPv4Network("10.0.0.0/8")


@pytest.fixture(scope="module")
def bare(cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One member that keeps its data on its own disk, in a VPC; the cases make three and five of it."""
    settings = {"domain": "bare.example.test", "volumeSize": 0, "size": 1, "addresses": "private"}
    with Live(cloud, tmp_path_factory.mktemp("bare"), figures, "bare", **settings) as cluster:
        yield cluster
        cluster.read_all()
    cluster.destroy()


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 5)])
def test_new_members_are_made_together_and_join_one_by_one(
    bare: Live, control: httpx.Client, before: int, after: int
) -> None:
    grows(bare, control, before, after)


def test_members_and_clients_are_given_private_addresses_alone(bare: Live) -> None:
    members = bare.members()
    assert {address for address in members.values() if IPv4Address(address) not in PRIVATE} == set()
    records = bare.cloud.status().records
    assert {name: records[name] for name in members} == {
        name: (address,) for name, address in members.items()
    }
    hosts = bare.on(bare.name(1), "cat /etc/hosts")
    assert [name for name, address in members.items() if f"{address} {name}" not in hosts] == []


def test_members_without_volumes_roll_one_at_a_time(bare: Live) -> None:
    old = bare.droplets()
    bare.configure(quotaGiB=3)
    with bare.case("a changed setting, without data volumes"):
        bare.up()
    assert not set(old.values()) & set(bare.droplets().values())


def test_departing_members_leave_the_cluster_before_their_droplets_go(bare: Live) -> None:
    shrinks(bare, 5, 3)


def test_members_with_volumes_come_and_go_and_come_back(live: Live, control: httpx.Client) -> None:
    grows(live, control, 3, 5)
    shrinks(live, 5, 3)


def grows(cluster: Live, control: httpx.Client, before: int, after: int) -> None:
    old = cluster.droplets()
    assert len(old) == before
    kept = cluster.names
    control.delete("/requests")
    cluster.configure(size=after)
    with cluster.case(f"{cluster.stack}: {before} to {after} members", members=kept):
        cluster.up()
    new = cluster.droplets()
    assert {name: new[name] for name in kept} == old
    assert voters(cluster) == set(cluster.names)
    seen = [(one["method"], one["path"], one["time"]) for one in requests(control)]
    orders = [time for method, path, time in seen if (method, path) == ("POST", "/v2/droplets")]
    assert len(orders) == after - before
    # One after the other's end, they would share out the run.
    assert max(orders) - min(orders) < (seen[-1][2] - min(orders)) / 3


def shrinks(cluster: Live, before: int, after: int) -> None:
    old = cluster.droplets()
    assert len(old) == before
    cluster.configure(size=after)
    with cluster.case(f"{cluster.stack}: {before} to {after} members"):
        cluster.up()
    assert cluster.droplets() == {name: old[name] for name in cluster.names}
    assert voters(cluster) == set(cluster.names)


def voters(cluster: Live) -> set[str]:
    listed = json.loads(cluster.etcdctl("member", "list", "-w", "json"))["members"]
    return {member["name"] for member in listed if not member.get("isLearner")}
