"""An HTTP server that answers recorded requests, and no others, with the recorded answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Recorded:
    """One recorded request, and whether it was sent in this replay."""

    method: str
    path: str
    request: Any
    status: int
    response: Any
    sent: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path} {json.dumps(self.request, sort_keys=True)}"


@dataclass
class RecordedApi:
    """The server, on the loopback interface."""

    recorded: list[Recorded]
    unexpected: list[str] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """Indexes of the recorded requests, in the order in which they were sent."""
    steady: dict[str, Any] = field(default_factory=dict)
    """Answers to further GET requests, by path, after all recorded ones were used."""
    tokens: list[str | None] = field(default_factory=list)
    """The Authorization header of every request."""

    def __enter__(self) -> Self:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                api.tokens.append(self.headers.get("Authorization"))
                status, response = api.respond(self.command, self.path, body)
                text = b"" if response is None else json.dumps(response).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def respond(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        for index, entry in enumerate(self.recorded):
            if not entry.sent and (entry.method, entry.path, entry.request) == (method, path, body):
                entry.sent = True
                self.order.append(index)
                return entry.status, entry.response
        if method == "GET" and path in self.steady:
            return 200, self.steady[path]
        self.unexpected.append(f"{method} {path} {json.dumps(body, sort_keys=True)}")
        return 404, {"id": "not_found", "message": "this request was not recorded"}

    def never_sent(self, repeated: AbstractSet[str] = frozenset()) -> list[Recorded]:
        """Return the recorded requests that were not sent, except repetitions of one of ``repeated``."""
        return [entry for entry in self.recorded if not entry.sent and str(entry) not in repeated]
