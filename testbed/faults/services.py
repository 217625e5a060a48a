"""Faults of the name server and of the object store, for everybody."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from localcloud.addresses import GATEWAY
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import open_log
from localcloud.machines.name_server import NameServer
from localcloud.machines.prerequisites import SYSTEM_PATH
from localcloud.toolchain.object_store import ensure_object_store
from testbed.cluster import Cluster
from testbed.faults import failing_name_server


@contextmanager
def name_server_paused(cluster: Cluster) -> Generator[None]:
    """Let queries of the name server time out."""
    names = NameServer(cluster.cloud.layout)
    names.pause()
    try:
        yield
    finally:
        names.resume()


@contextmanager
def name_server_failing(cluster: Cluster) -> Generator[None]:
    """Let the name server answer each query with SERVFAIL."""
    layout = cluster.cloud.layout
    group, inside = Cgroup(layout.cgroup) / "dnsmasq", ["ip", "netns", "exec", layout.namespace]
    group.remove()
    with open_log(layout.logs / "dnsmasq.log") as log:
        server = [sys.executable, failing_name_server.__file__, str(GATEWAY.ip)]
        group.spawn([*inside, *server], output=log, env={"PATH": SYSTEM_PATH})
    try:
        yield
    finally:
        group.remove()
        NameServer(layout).ensure()


@contextmanager
def object_store_paused(cluster: Cluster) -> Generator[None]:
    """Let requests to the object store hang."""
    store = Cgroup(cluster.cloud.layout.cgroup) / "object-store"
    store.freeze()
    try:
        yield
    finally:
        store.thaw()


@contextmanager
def object_store_stopped(cluster: Cluster) -> Generator[None]:
    """Refuse connections to the object store."""
    cluster.cloud.objects.stop()
    try:
        yield
    finally:
        cluster.cloud.objects.ensure(ensure_object_store())
