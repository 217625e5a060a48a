"""Who called the APIs, and when: the local cloud's own log of requests."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.observer import Founding, Sighting
from localcloud.cloud import LocalCloud

CLOUD_INIT = Path(__file__).resolve().parent.parent / "cloud-init"


@dataclass(frozen=True)
class Call:
    """One request to one of the APIs."""

    service: str
    source: str
    """The address that it came from."""
    time: float
    """In seconds since the epoch."""
    method: str = "GET"
    path: str = "/"


def calls(cloud: LocalCloud) -> list[Call]:
    """All requests so far, in their order."""
    with cloud.control as client:
        answer = client.get("/requests")
        answer.raise_for_status()
    return [
        Call(*(request[key] for key in ("service", "source", "time", "method", "path")))
        for request in answer.json()["requests"]
    ]


def most_until_healthy(seen: Iterable[Call], founding: Founding) -> int:
    """DigitalOcean API calls of the member that made the most before the cluster was healthy."""
    early = [call for call in seen if call.time <= founding.healthy]
    return max(len(_of(early, sighting)) for sighting in founding.sightings)


def per_hour(seen: Iterable[Call], founding: Founding, until: float) -> float:
    """DigitalOcean API calls of an average member in an hour, going by those since the cluster was healthy."""
    late = [call for call in seen if founding.healthy < call.time <= until]
    count = sum(len(_of(late, sighting)) for sighting in founding.sightings)
    return count / len(founding.sightings) * 3600 / (until - founding.healthy)


def scheduled_per_hour() -> float:
    """How often a member of a cluster in which all is well lists the droplets, as its own program has it."""
    sys.path.append(str(CLOUD_INIT))
    return 3600 / importlib.import_module("etcd_node.bootstrap.reconcile").HEALTHY_INTERVAL


def _of(seen: Iterable[Call], sighting: Sighting) -> list[Call]:
    return [call for call in seen if call.service == "digitalocean" and call.source in sighting.addresses]
