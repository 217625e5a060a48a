"""Faults of the clouds' APIs. A token's name limits them to its requests: ``discovery`` is that of the members."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any

from localcloud.api.traffic import Service
from testbed.cluster import Cluster

EVERYBODY = ""


@contextmanager
def failing(cluster: Cluster, service: Service, status: int = 503, token: str = EVERYBODY) -> Generator[None]:
    """Answer each request with an error."""
    with _faulty(cluster, service, "status", token, status=status):
        yield


@contextmanager
def rate_limited(cluster: Cluster, service: Service) -> Generator[None]:
    """Answer each request with status 429, and that the client may try again after five seconds."""
    with _faulty(cluster, service, "status", EVERYBODY, status=429, headers={"retry-after": "5"}):
        yield


@contextmanager
def slow(cluster: Cluster, service: Service, seconds: float) -> Generator[None]:
    """Delay each answer."""
    with _faulty(cluster, service, "latency", EVERYBODY, seconds=seconds):
        yield


@contextmanager
def dropping(cluster: Cluster, service: Service, token: str = EVERYBODY) -> Generator[None]:
    """Close the connection of each request without an answer."""
    with _faulty(cluster, service, "drop", token):
        yield


@contextmanager
def down(cluster: Cluster, service: Service) -> Generator[None]:
    """Refuse all connections."""
    with _faulty(cluster, service, "down", EVERYBODY):
        yield


@contextmanager
def stale_listing(cluster: Cluster, token: str = EVERYBODY) -> Generator[None]:
    """List the droplets as they are when the block begins."""
    with _faulty(cluster, "digitalocean", "stale", token):
        yield


@contextmanager
def partial_listing(cluster: Cluster, omitted: Collection[str], token: str = EVERYBODY) -> Generator[None]:
    """List the droplets without those that have these names."""
    with _faulty(cluster, "digitalocean", "partial", token, omit=list(omitted)):
        yield


@contextmanager
def _faulty(cluster: Cluster, service: Service, kind: str, token: str, **details: Any) -> Generator[None]:
    wanted = {"service": service, "kind": kind, "token": token or None, **details}
    with cluster.cloud.control as client:
        added = client.post("/faults", json=wanted).raise_for_status().json()["id"]
    try:
        yield
    finally:
        with cluster.cloud.control as client:
            client.delete(f"/faults/{added}").raise_for_status()
