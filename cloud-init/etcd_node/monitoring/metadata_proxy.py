"""What DigitalOcean's metrics agent needs of the metadata service, and no more: the user data has the member's keys.

The agent (https://github.com/digitalocean/do-agent, ``pkg/clients/tsclient``) asks there who it is, and sends its
measurements there. It takes a proxy from its environment, and this is it.
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
"""The agent's, made by its package."""
TIMEOUT = 10
"""Seconds for each wait, as the agent itself has it."""
_ASKED = re.compile(r"/metadata/v1/(id|region|auth-token)|/v1/appkey/droplet-auth-token")
_SENT = re.compile(r"/v1/metrics/droplet_id/\d+")
_PASSED = ("Authorization", "Content-Type", "User-Agent", "X-Auth-Key")


class MetadataProxy(ThreadingHTTPServer):
    """Answers one user of this machine, on loopback, from a metadata service."""

    def __init__(self, port: int = PORT, service: str = SERVICE, user: str = USER) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.service = service
        self.user = user


def user_of(client: int, server: int) -> int | None:
    """Whose a connection over loopback is, by its two ports (proc_pid_net(5), ``tcp``)."""
    for line in Path("/proc/net/tcp").read_text().splitlines():
        words = line.split()
        if words[1:3] == [f"0100007F:{client:04X}", f"0100007F:{server:04X}"]:
            return int(words[7])
    return None


class _Request(BaseHTTPRequestHandler):
    server: MetadataProxy  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = TIMEOUT

    def do_GET(self) -> None:
        self._pass(_ASKED)

    def do_POST(self) -> None:
        self._pass(_SENT, int(self.headers.get("Content-Length", 0)))

    def _pass(self, allowed: re.Pattern[str], length: int = 0) -> None:
        path = self.path.removeprefix(f"http://{SERVICE}")
        asking = user_of(self.client_address[1], self.server.server_port)
        if not allowed.fullmatch(path) or asking != pwd.getpwnam(self.server.user).pw_uid:
            self.send_error(403)
            return
        body = self.rfile.read(length) or None
        headers = {name: self.headers[name] for name in _PASSED if name in self.headers}
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
        """Nothing: it would be a line a minute. Refusals are told."""
