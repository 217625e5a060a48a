"""Changes of the number of members, which replace no other member."""

from __future__ import annotations

import httpx

from testbed.cluster import requests
from tests.lifecycle.live import Live


def grows(cluster: Live, control: httpx.Client, before: int, after: int) -> None:
    """Assert that new members are created in parallel and join one by one."""
    old = cluster.droplets()
    assert len(old) == before
    kept = cluster.names
    control.delete("/requests")
    cluster.configure(size=after)
    with cluster.case(f"{cluster.stack}: {before} to {after} members", members=kept):
        output = cluster.up()
    # Members that wait for the new ones were not asked to shut down.
    assert "blocks its shutdown" not in output
    new = cluster.droplets()
    assert {name: new[name] for name in kept} == old
    assert cluster.ids().keys() == set(cluster.names)
    seen = [(one["method"], one["path"], one["time"]) for one in requests(control)]
    orders = [time for method, path, time in seen if (method, path) == ("POST", "/v2/droplets")]
    assert len(orders) == after - before
    # One after the other's end, they would share out the run.
    assert max(orders) - min(orders) < (seen[-1][2] - min(orders)) / 3


def shrinks(cluster: Live, before: int, after: int) -> None:
    """Assert that the members with the highest numbers leave."""
    old = cluster.droplets()
    assert len(old) == before
    cluster.configure(size=after)
    with cluster.case(f"{cluster.stack}: {before} to {after} members"):
        cluster.up()
    assert cluster.droplets() == {name: old[name] for name in cluster.names}
    assert cluster.ids().keys() == set(cluster.names)
