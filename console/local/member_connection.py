"""A connection to one member that stays open."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

from components.api.http_client import NoAnswerError
from components.shared.ports import CLIENT_PORT

TIMEOUT_SECONDS = 2.0
"""Seconds for each wait for a member."""


class MemberConnection:
    """Requests to a member's client port at its address, one after the other. Uses no DNS and no proxy.

    ``context`` is called for each new connection, so a renewed certificate is used from the next one on. It may raise
    ``OSError``. Sends no header ``Accept``: etcd's gateway gives a request with it no user, and so refuses it while
    authentication is on.
    """

    def __init__(self, name: str, address: str, context: Callable[[], ssl.SSLContext]) -> None:
        self._name = name
        self._address = address
        self._context = context
        self._open: http.client.HTTPConnection | None = None

    def ask(self, path: str, body: object = None) -> Any:
        """Return the JSON that a ``GET``, or with a body a ``POST``, answers. Text that is none is a ``message``.

        Raises ``NoAnswerError``.
        """
        try:
            if self._open is None:
                self._open = self._connected()
            method, sent = ("GET", None) if body is None else ("POST", json.dumps(body))
            self._open.request(method, path, sent, {"content-type": "application/json"} if sent else {})
            answer = self._open.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connected = self._open is not None
            self.close()
            reason = "no answer in time" if isinstance(error, TimeoutError) else error
            raise NoAnswerError(f"{type(error).__name__}: {reason}", connected=connected) from error
        try:
            return json.loads(content)
        except ValueError:
            text = " ".join(content.decode(errors="replace").split())[:200]
            return {"message": f"answer {answer.status}: {text}"}

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connected(self) -> http.client.HTTPConnection:
        plain = socket.create_connection((self._address, CLIENT_PORT), TIMEOUT_SECONDS)
        try:
            secure = self._context().wrap_socket(plain, server_hostname=self._name)
        except BaseException:
            plain.close()
            raise
        secure.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(self._name, CLIENT_PORT)
        connection.sock = secure
        return connection
