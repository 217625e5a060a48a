"""An HTTP proxy that gives DigitalOcean's metrics agent its part of the metadata service, and nothing else.

The rest of the service has the user data with the member's keys. The agent (https://github.com/digitalocean/do-agent,
``pkg/clients/tsclient``) reads its identity there and sends its measurements there. It takes the proxy from its
environment.
"""

from __future__ import annotations

import http.client
import pwd
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVICE = "169.254.169.254"
PORT = 2384
USER = "do-agent"
"""The agent's user, which its package creates."""
TIMEOUT = 10
"""Seconds for each read and write, as in the agent itself."""
_READABLE = re.compile(r"/metadata/v1/(id|region|auth-token)|/v1/appkey/droplet-auth-token")
_WRITABLE = re.compile(r"/v1/metrics/droplet_id/\d+")
_FORWARDED_HEADERS = ("Authorization", "Content-Type", "User-Agent", "X-Auth-Key")


class MetadataProxy(ThreadingHTTPServer):
    """Forwards the requests of one user of this machine to a metadata service. Listens on loopback."""

    def __init__(self, port: int = PORT, service: str = SERVICE, user: str = USER) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.service = service
        self.user = user


def user_of(client_port: int, server_port: int) -> int | None:
    """User id that owns the client's end of a connection over loopback (proc_pid_net(5), ``tcp``)."""
    for line in Path("/proc/net/tcp").read_text().splitlines():
        words = line.split()
        if words[1:3] == [f"0100007F:{client_port:04X}", f"0100007F:{server_port:04X}"]:
            return int(words[7])
    return None


class _Request(BaseHTTPRequestHandler):
    server: MetadataProxy  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = TIMEOUT

    def do_GET(self) -> None:
        self._forward(_READABLE)

    def do_POST(self) -> None:
        self._forward(_WRITABLE, int(self.headers.get("Content-Length", 0)))

    def _forward(self, allowed: re.Pattern[str], length: int = 0) -> None:
        path = self.path.removeprefix(f"http://{SERVICE}")
        user = user_of(self.client_address[1], self.server.server_port)
        if not allowed.fullmatch(path) or user != pwd.getpwnam(self.server.user).pw_uid:
            self.send_error(403)
            return
        body = self.rfile.read(length) or None
        headers = {name: self.headers[name] for name in _FORWARDED_HEADERS if name in self.headers}
        connection = http.client.HTTPConnection(self.server.service, timeout=TIMEOUT)
        try:
            connection.request(self.command, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.send_error(502)
            return
        finally:
            connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log no request: that would be a line a minute. Rejections are logged."""
