"""Repairs of a cluster with data volumes or without."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import httpx

from testbed.cluster import wait_for
from tests.lifecycle.live import Live

DATA = "/var/lib/etcd/data"


@contextmanager
def replaces(cluster: Live, *numbers: int) -> Generator[None]:
    """Assert that these members get new droplets, and no others.

    With data volumes the cluster keeps its member ids. Without them, replaced members have joined again under new ids.
    """
    droplets, ids = cluster.droplets(), cluster.ids()
    yield
    names = [cluster.name(number) for number in numbers]
    assert changed(droplets, cluster.droplets()) == names
    assert changed(ids, cluster.ids()) == ([] if cluster.has_volumes else names)


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The members that have something else than before, in order."""
    assert before.keys() == after.keys()
    return sorted(name for name, value in after.items() if value != before[name])


def replaced_by_command(cluster: Live, number: int) -> None:
    with replaces(cluster, number), cluster.case(f"{cluster.stack}: --replace of one member"):
        cluster.up("--replace", cluster.urn(number))


def replaced_for_drift(cluster: Live, control: httpx.Client, *numbers: int) -> None:
    with replaces(cluster, *numbers), cluster.case(f"{cluster.stack}: drift of {len(numbers)} droplets"):
        for number in numbers:
            cluster.drift(control, number)
        cluster.up()


def recreated(cluster: Live, number: int) -> None:
    gone = cluster.name(number)
    with (
        replaces(cluster, number),
        cluster.case(f"{cluster.stack}: a droplet deleted outside", planned=False),
        cluster.broken(gone),
    ):
        cluster.digitalocean("DELETE", f"/v2/droplets/{cluster.droplets()[gone]}")
        cluster.wait_down(gone)
        cluster.up()


def rejoined_after_a_wipe(cluster: Live, number: int) -> None:
    """Assert that a member with an empty disk gets its data from the others, without a run."""
    wiped = cluster.name(number)
    before = cluster.ids()[wiped]
    with cluster.case(f"{cluster.stack}: a wiped disk", planned=False), cluster.broken(wiped):
        cluster.on(wiped, f"systemctl stop etcd && rm -rf {DATA}/* && systemctl reboot --no-block")
        cluster.wait_down(wiped)
        wait_for(
            lambda: cluster.ids().get(wiped), lambda now: now not in {None, before}, "member that votes again"
        )
    cluster.up("--expect-no-changes")


def repair(cluster: Live, number: int) -> tuple[str, ...]:
    """Arguments of the run that replaces a member's droplet, leads clients to the new one, and does nothing else."""
    record = cluster.resource(f"cloudflare:index/dnsRecord:DnsRecord::etcd-etcd-{cluster.stack}-{number}")
    return ("--target-replace", cluster.urn(number), "--target", record)
