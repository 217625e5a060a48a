"""A Prometheus exporter for what etcd's own metrics lack: expiry of certificates, alarms, and backups.

systemd accepts each connection and starts this program for it (``etcd-exporter.socket``), so nothing runs between
two scrapes. The text format: https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from etcd_node.etcd.transport import server_context
from etcd_node.host.settings import Paths, Settings
from etcd_node.monitoring.certificate_expiry import expiry_times

CERTIFICATES = ("ca", "server", "peer")
ALARMS = ("NOSPACE", "CORRUPT")
TIMEOUT = 5.0
"""Seconds for each read and write of a connection."""
_LARGEST = 8192


def serve(settings: Settings, paths: Paths, plain: socket.socket) -> None:
    """Answer one request for metrics. Only a client with a certificate of the cluster's CA gets an answer."""
    plain.settimeout(TIMEOUT)
    try:
        with server_context(paths.etc, "server").wrap_socket(plain, server_side=True) as connection:
            if _path(connection) == "/metrics":
                # The context demands a certificate, so there is one.
                end = str((connection.getpeercert() or {})["notAfter"])
                _respond(connection, "200 OK", metrics_text(settings, paths, ssl.cert_time_to_seconds(end)))
            else:
                _respond(connection, "404 Not Found", "The metrics are at /metrics.\n")
    except OSError:
        # Not logged: strangers may connect, and clients may hang up. ssl.SSLError is an OSError, too.
        return


def metrics_text(settings: Settings, paths: Paths, client_expiry: float) -> str:
    """All metrics of this machine. ``client_expiry`` is the Unix time at which the client's certificate ends."""
    expiry = {name: min(expiry_times(paths.etc / f"{name}.pem")) for name in CERTIFICATES}
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
            raised_alarms(settings.metrics),
        )
        + metrics_files(paths.metrics)
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
