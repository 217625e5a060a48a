"""API requests, as the local cloud logs them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from bench.observer import Boot, Bootstrap
from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud

CLOUD_INIT = CHECKOUT / "cloud-init"


@dataclass(frozen=True)
class Call:
    """One request to one of the APIs."""

    service: str
    source: str
    """The address that sent it."""
    time: float
    """When it was received, in seconds since the epoch."""
    method: str = "GET"
    path: str = "/"


def logged_calls(cloud: LocalCloud) -> list[Call]:
    """List all requests so far, oldest first."""
    with cloud.control as client:
        answer = client.get("/requests")
        answer.raise_for_status()
    return [
        Call(*(request[key] for key in ("service", "source", "time", "method", "path")))
        for request in answer.json()["requests"]
    ]


def most_until_healthy(calls: Iterable[Call], bootstrap: Bootstrap) -> int:
    """How many DigitalOcean API calls the busiest member made before the cluster was healthy."""
    early = [call for call in calls if call.time <= bootstrap.healthy]
    return max(len(_of(early, boot)) for boot in bootstrap.boots)


def per_hour(calls: Iterable[Call], bootstrap: Bootstrap, until: float) -> float:
    """How many DigitalOcean API calls an average member makes an hour, judged by those of the healthy cluster."""
    late = [call for call in calls if bootstrap.healthy < call.time <= until]
    count = sum(len(_of(late, boot)) for boot in bootstrap.boots)
    return count / len(bootstrap.boots) * 3600 / (until - bootstrap.healthy)


def scheduled_per_hour() -> float:
    """How many times an hour a member of a healthy cluster lists the droplets, by the schedule of ``etcd_node``."""
    sys.path.append(str(CLOUD_INIT))
    return 3600 / importlib.import_module("etcd_node.bootstrap.reconcile").HEALTHY_INTERVAL


def _of(calls: Iterable[Call], boot: Boot) -> list[Call]:
    return [call for call in calls if call.service == "digitalocean" and call.source in boot.addresses]
