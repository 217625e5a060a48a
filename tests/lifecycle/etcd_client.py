"""etcd's JSON gateway over one persistent connection per member, with the standard library alone.

https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from pathlib import Path
from typing import Any

CLIENT_PORT = 2379


class NoAnswer(Exception):  # noqa: N818 - the name says what happened
    """A member did not answer, or answered with an error; what it did with the request is not known."""


class Bundle:
    """A client's three files, ``ca.pem``, ``client.pem`` and ``client-key.pem``: read again when they change."""

    def __init__(self, directory: Path) -> None:
        self._files = [directory / name for name in ("ca.pem", "client.pem", "client-key.pem")]
        self._loaded: tuple[list[int], ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """What a connection that is opened now uses."""
        state = [file.stat().st_mtime_ns for file in self._files]
        if self._loaded is None or self._loaded[0] != state:
            ca, certificate, key = self._files
            context = ssl.create_default_context(cafile=ca)
            context.load_cert_chain(certificate, key)
            self._loaded = state, context
        return self._loaded[1]


class Connection(http.client.HTTPSConnection):
    """To one member, by its name, which is resolved at each opening unless ``address`` is given."""

    def __init__(
        self, name: str, bundle: Bundle, *, address: str | None = None, timeout: float = 3.0
    ) -> None:
        super().__init__(name, CLIENT_PORT, timeout=timeout)
        self._bundle = bundle
        self._address = address or name

    def connect(self) -> None:
        plain = socket.create_connection((self._address, CLIENT_PORT), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self._bundle.context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def open(self) -> None:
        """Connect unless it is connected. Raises ``NoAnswer``."""
        if self.sock is None:
            try:
                self.connect()
            except (OSError, ssl.SSLError) as error:
                raise NoAnswer(f"{self.host}: {type(error).__name__}: {error}") from error

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request's answer. Raises ``NoAnswer``, after which the connection is closed."""
        self.open()
        try:
            self.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = self.getresponse()
            text = response.read()
            answer = json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NoAnswer(f"{self.host}: {type(error).__name__}: {error}") from error
        if response.status != 200:
            raise NoAnswer(f"{self.host}: {response.status} {answer.get('message', answer)}")
        return answer


def encoded(text: str) -> str:
    """A key or a value, as the gateway takes it."""
    return base64.b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    """A key or a value, as the gateway gives it."""
    return base64.b64decode(text).decode()
