"""A Prometheus exporter for what etcd's own metrics lack, and the page that says why etcd does not run.

The text format: https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_node.etcd.client import UNMANAGED, RefusedError, local_members, read_status
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, server_context
from etcd_node.host.settings import Paths, Settings
from etcd_node.monitoring.certificate_expiry import expiry_times
from etcd_node.monitoring.facts import facts

CERTIFICATES = ("ca", "peer-ca", "server", "peer", "management")
"""Names of files. The last one exists only if etcd:auth is set."""
ALARMS = ("NOSPACE", "CORRUPT")
TIMEOUT = 5.0
"""Seconds for each read and write of a connection."""
_LARGEST = 8192


def serve(settings: Settings, paths: Paths, plain: socket.socket) -> None:
    """Answer one request, for metrics or the facts. Only a client with a certificate of the cluster's CA gets one."""
    plain.settimeout(TIMEOUT)
    try:
        with server_context(paths.etc, "server").wrap_socket(plain, server_side=True) as connection:
            match _path(connection):
                case "/metrics":
                    # The context demands a certificate, so there is one.
                    end = str((connection.getpeercert() or {})["notAfter"])
                    text = metrics_text(settings, paths, ssl.cert_time_to_seconds(end))
                    _respond(connection, "200 OK", text)
                case "/status":
                    told = facts(settings, paths) | {"client": connection.getpeername()[0]}
                    if etcd := read_local_metrics(settings.metrics):
                        told["leader"] = etcd.has_leader
                    _respond(connection, "200 OK", json.dumps(told))
                case _:
                    _respond(connection, "404 Not Found", "/metrics and /status are here.\n")
    except OSError:
        # Not logged: strangers may connect, and clients may hang up. ssl.SSLError is an OSError, too.
        return


def metrics_text(settings: Settings, paths: Paths, client_expiry: float) -> str:
    """All metrics of this machine. ``client_expiry`` is the Unix time at which the client's certificate ends."""
    files = {name: paths.etc / f"{name}.pem" for name in CERTIFICATES}
    expiry = {name: min(expiry_times(file)) for name, file in files.items() if file.exists()}
    client, me = TlsClient(paths.etc), MemberAddress(settings.name, settings.listen)
    # An etcd that hangs lets each question wait for its limit, and together they would take longer than an answer may.
    alarms = raised_alarms(settings.metrics)
    members = listed_members(client, me) if alarms else {}
    return (
        _family(
            "etcd_node_certificate_not_after_timestamp_seconds",
            "Unix time at which the first certificate in each file ends, and the scraping client's own.",
            "certificate",
            {**expiry, "client": client_expiry},
        )
        + _family(
            "etcd_node_alarm",
            "Whether etcd's health check reports the alarm.",
            "alarm",
            alarms,
        )
        + _family(
            "etcd_node_members",
            "Members that etcd lists.",
            "kind",
            members,
        )
        + (authentication_metric(client, me) if members else "")
        + node_metrics(facts(settings, paths, journal=False))
        + metrics_files(paths.metrics)
    )


def node_metrics(told: Mapping[str, Any]) -> str:
    """Metrics of the facts that are numbers: how often etcd ended, whether it runs, the volume, and the disk.

    Those that systemd tells are missing while it does not answer in time.
    """
    state = told["unit"]["etcd"]
    values = {
        **({"etcd_exits": told["etcd_exits"], "etcd_active": state == "active"} if state else {}),
        "volume_mounted": told["volume"]["mounted"] or not told["volume"]["name"],
        **{f"disk_{key}": value for key, value in told["disk"].items() if not isinstance(value, str)},
    }
    return "".join(
        f"# TYPE etcd_node_{name} gauge\netcd_node_{name} {float(value):.0f}\n"
        for name, value in values.items()
    )


def raised_alarms(metrics: str) -> dict[str, float]:
    """1 for each alarm that is raised, 0 for the others; nothing when etcd does not answer.

    ``metrics`` is where etcd serves its metrics, ``HOST:PORT``. The health check reports one alarm at a time
    (https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check). etcd's own metric of alarms forgets those that were
    raised before it started.
    """
    host, port = metrics.rsplit(":", 1)
    raised: dict[str, float] = {}
    for alarm in ALARMS:
        others = "".join(f"&exclude={other}" for other in ALARMS if other != alarm)
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        try:
            connection.request("GET", f"/health?serializable=true{others}")
            answer = json.loads(connection.getresponse().read())
            raised[alarm] = float(answer.get("reason") == f"ALARM {alarm}")
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        finally:
            connection.close()
    return raised


def listed_members(client: TlsClient, me: MemberAddress) -> dict[str, float]:
    """The number of voters and of learners in a member's own list; nothing when its etcd does not answer.

    etcd's own metric of known members is newer than 3.5, and does not tell learners from voters.
    """
    try:
        members = local_members(client, me)
    except NoAnswerError:
        return {}
    learners = sum(member.learner for member in members)
    # While preparecluster runs, its endpoint answers instead of etcd.
    return {"voter": len(members) - learners, "learner": learners} if members else {}


def authentication_metric(client: TlsClient, me: MemberAddress) -> str:
    """Whether etcd refuses this machine's look-ups, because authentication is on; empty when it does not answer."""
    unmanaged = False
    try:
        read_status(client, me)
    except RefusedError as error:
        unmanaged = UNMANAGED in str(error)
    except NoAnswerError:
        return ""
    name = "etcd_node_authentication_unmanaged"
    return f"# TYPE {name} gauge\n{name} {unmanaged:d}\n"


def metrics_files(folder: Path) -> str:
    """The metrics that other steps have written to files in a folder."""
    return "".join(file.read_text() for file in sorted(folder.glob("etcd_*.prom")))


def _family(name: str, description: str, label: str, values: Mapping[str, float]) -> str:
    lines = "".join(f'{name}{{{label}="{key}"}} {value:.0f}\n' for key, value in values.items())
    return f"# HELP {name} {description}\n# TYPE {name} gauge\n{lines}" if lines else ""


def _path(connection: ssl.SSLSocket) -> str:
    request = b""
    while b"\r\n\r\n" not in request and len(request) < _LARGEST:
        received = connection.recv(_LARGEST)
        if not received:
            return ""
        request += received
    words = request.split(b"\r\n", 1)[0].split()
    return words[1].decode("ascii", "replace") if len(words) == 3 and words[0] == b"GET" else ""


def _respond(connection: ssl.SSLSocket, status: str, text: str) -> None:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
