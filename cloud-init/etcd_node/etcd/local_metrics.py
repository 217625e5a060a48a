"""The metrics of this machine's own etcd."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass

_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$", re.MULTILINE)
_REMOTE = re.compile(r'Remote="([0-9a-f]+)"')


@dataclass(frozen=True)
class LocalMetrics:
    """A few of etcd's metrics: ``etcd_server_*``, ``etcd_network_active_peers`` and the time of its start."""

    member: int
    """The id of this member."""
    has_leader: bool
    leaders_seen: int
    """The number of leader changes since etcd started."""
    learner: bool
    active: frozenset[int]
    """Ids of the members to which it is connected."""
    started: float
    """The Unix time at which etcd started."""


def read_local_metrics(metrics: str) -> LocalMetrics | None:
    """Read the metrics at this ``HOST:PORT``. Returns ``None`` when etcd does not answer."""
    host, port = metrics.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=3)
    try:
        connection.request("GET", "/metrics")
        return parse_local_metrics(connection.getresponse().read().decode())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def parse_local_metrics(text: str) -> LocalMetrics | None:
    """Parse Prometheus' text format. Returns ``None`` while etcd does not know its own id yet."""
    values: dict[str, float] = {}
    active: set[int] = set()
    member = 0
    for sample in _SAMPLE.finditer(text):
        name, labels = sample["name"], sample["labels"] or ""
        if name == "etcd_network_active_peers":
            if (remote := _REMOTE.search(labels)) and float(sample["value"]) > 0:
                active.add(int(remote[1], 16))
        elif name == "etcd_server_id":
            identity = re.search(r'server_id="([0-9a-f]+)"', labels)
            member = int(identity[1], 16) if identity else 0
        elif not labels:
            values[name] = float(sample["value"])
    if not member or "etcd_server_has_leader" not in values:
        return None
    return LocalMetrics(
        member=member,
        has_leader=values["etcd_server_has_leader"] > 0,
        leaders_seen=int(values.get("etcd_server_leader_changes_seen_total", 0)),
        learner=values.get("etcd_server_is_learner", 0) > 0,
        active=frozenset(active),
        started=values.get("process_start_time_seconds", 0.0),
    )
