"""A DigitalOcean API that lists droplets, tags and droplet actions, and fails on demand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .http_server import HttpServer

TOKEN = "dop_v1_test"
STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass
class Fault:
    """An error that answers the next ``times`` requests."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


class FakeApi:
    """Lists ``droplets`` (name to address) for any tag, ``page_size`` at a time, and all ``tags``.

    A droplet's id is its place in the list, from 1. ``shutdowns`` has the Unix times of its shutdown requests.
    """

    def __init__(self) -> None:
        self.droplets: list[tuple[str, str]] = []
        self.tags = ["etcd", "etcd-test", "etcd-test-up", "etcd-test-size-199"]
        self.shutdowns: dict[int, list[float]] = {}
        self.page_size = 200
        self.faults: list[Fault] = []
        self.requests: list[dict[str, Any]] = []
        server = HttpServer(self._answer)
        self.url = server.url
        self.stop = server.stop

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        url = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.requests.append({"path": url.path, "query": query, "token": request.headers["Authorization"]})
        if self.faults:
            fault = self.faults[0]
            fault.times -= 1
            if fault.times <= 0:
                self.faults.pop(0)
            self._send(
                request, fault.status, {"id": "fault", "message": "a fault of the test"}, fault.headers
            )
            return
        kind, listed = self._collection(url.path)
        page = int(query.get("page", "1"))
        first = (page - 1) * self.page_size
        links = {"pages": {"next": f"https://elsewhere.test{url.path}?page={page + 1}"}}
        more = first + self.page_size < len(listed)
        body = {
            kind: listed[first : first + self.page_size],
            "links": links if more else {},
            "meta": {"total": len(listed)},
        }
        self._send(request, 200, body, {})

    def _collection(self, path: str) -> tuple[str, list[dict[str, Any]]]:
        match path.split("/")[2:]:
            case ["tags"]:
                return "tags", [{"name": name} for name in self.tags]
            case ["droplets", droplet, "actions"]:
                times = sorted(self.shutdowns.get(int(droplet), []), reverse=True)
                return "actions", [
                    {"type": "shutdown", "started_at": datetime.fromtimestamp(at, UTC).strftime(STAMP)}
                    for at in times
                ]
            case _:
                return "droplets", self._droplets()

    def _droplets(self) -> list[dict[str, Any]]:
        return [
            {
                "id": number,
                "name": name,
                "status": "active",
                "networks": {
                    "v4": [
                        {"ip_address": "10.9.9.9", "type": "private"},
                        *([{"ip_address": address, "type": "public"}] if address else []),
                    ]
                },
            }
            for number, (name, address) in enumerate(self.droplets, start=1)
        ]

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: object, headers: dict[str, str]) -> None:
        payload = json.dumps(body).encode()
        request.send_response(status)
        for key, value in headers.items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(payload)))
        request.end_headers()
        request.wfile.write(payload)
