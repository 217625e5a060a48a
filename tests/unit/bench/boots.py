"""Bootstraps as an observer reports them."""

from __future__ import annotations

from bench.observer import Boot, Bootstrap
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine


def bootstrap(*healthy: float) -> Bootstrap:
    """A machine for each time of ``healthy``. They booted at 101, 102 and so on."""
    return Bootstrap(
        tuple(
            Boot(
                NspawnMachine(number, Layout("test")),
                f"etcd-server-{number}",
                (f"203.0.113.{number}", f"10.0.0.{number}"),
                booted=100.0 + number,
                healthy=moment,
            )
            for number, moment in enumerate(healthy, 1)
        )
    )
