"""Mutual TLS between members, by address, with certificates verified against members' names."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etcd_node.host.settings import CLIENT_PORT, PEER_PORT

CONNECT_TIMEOUT = 2.0
"""Seconds. Members are in one region; a silent one must not hold up a whole round."""

ANSWER_TIMEOUT = 6.0
"""Seconds for an answer of etcd's gateway; etcd gives up a proposal after about as long."""


PERSISTENT_CONNECT_TIMEOUT = 0.5
"""Seconds to open a connection that is kept: it is tried again soon, perhaps at another address."""

PERSISTENT_ANSWER_TIMEOUT = 3.0
"""Seconds for an answer on it."""


@dataclass(frozen=True)
class MemberAddress:
    """Where a member is."""

    name: str
    address: str


@dataclass(frozen=True)
class HttpResponse:
    """A whole HTTP answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body. Raises ``ValueError`` when it is no JSON."""
        return json.loads(self.body)


class NoAnswerError(Exception):
    """Nobody answered; the text says why, in a few words."""


class TlsClient:
    """Requests to other members with this member's own certificates."""

    def __init__(self, etc: Path) -> None:
        self._peer_context = client_context(etc, "peer")
        # etcd's client port wants a client's certificate: the server certificate is one, too.
        self._client_context = client_context(etc, "server")

    def request_peer(
        self,
        member: MemberAddress,
        method: str,
        path: str,
        body: Any = None,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> HttpResponse:
        """A request to a member's peer port, given up when it does not connect in ``connect_timeout`` seconds.

        Raises ``NoAnswerError``.
        """
        return self._request(
            _HttpsConnection(self._peer_context, member, PEER_PORT, connect_timeout, 2.0), method, path, body
        )

    def call_gateway(
        self, member: MemberAddress, path: str, body: Any, *, answer_timeout: float = ANSWER_TIMEOUT
    ) -> HttpResponse:
        """A call of etcd's JSON gateway on a member's client port, given up after ``answer_timeout`` seconds.

        Raises ``NoAnswerError``.
        """
        return self._request(
            _HttpsConnection(self._client_context, member, CLIENT_PORT, CONNECT_TIMEOUT, answer_timeout),
            "POST",
            path,
            body,
        )

    def peer_connection(self, member: MemberAddress) -> PersistentConnection:
        """A line to a member's peer port."""
        return PersistentConnection(
            _HttpsConnection(
                self._peer_context, member, PEER_PORT, PERSISTENT_CONNECT_TIMEOUT, PERSISTENT_ANSWER_TIMEOUT
            )
        )

    def client_connection(self, member: MemberAddress) -> PersistentConnection:
        """A line to a member's client port."""
        return PersistentConnection(
            _HttpsConnection(
                self._client_context,
                member,
                CLIENT_PORT,
                PERSISTENT_CONNECT_TIMEOUT,
                PERSISTENT_ANSWER_TIMEOUT,
            )
        )

    @staticmethod
    def _request(connection: _HttpsConnection, method: str, path: str, body: Any) -> HttpResponse:
        try:
            return _exchange(connection, method, path, body)
        finally:
            connection.close()


class PersistentConnection:
    """A connection that is kept from request to request, so that its end tells at once that the member has gone."""

    def __init__(self, connection: _HttpsConnection) -> None:
        self._connection = connection

    def get(self, path: str) -> HttpResponse:
        """One request; it connects where there is no connection. Raises ``NoAnswerError``."""
        try:
            return _exchange(self._connection, "GET", path, None)
        except NoAnswerError:
            self.close()
            raise

    @property
    def socket(self) -> socket.socket | None:
        """Ready to be read, while no request is under way, when the member has closed it; ``None`` when closed."""
        return self._connection.sock

    def close(self) -> None:
        """Close it; the next request opens it again."""
        self._connection.close()


def _exchange(connection: _HttpsConnection, method: str, path: str, body: Any) -> HttpResponse:
    try:
        payload = None if body is None else json.dumps(body).encode()
        headers = {} if payload is None else {"Content-Type": "application/json"}
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        return HttpResponse(response.status, response.read())
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(f"its certificate is not valid: {error.verify_message}") from None
    except TimeoutError:
        raise NoAnswerError("no answer in time") from None
    except (OSError, http.client.HTTPException) as error:
        text = error.strerror if isinstance(error, OSError) else None
        raise NoAnswerError(text or str(error) or type(error).__name__) from None


class _HttpsConnection(http.client.HTTPSConnection):
    def __init__(
        self, context: ssl.SSLContext, member: MemberAddress, port: int, to_connect: float, to_answer: float
    ) -> None:
        super().__init__(member.name, port, timeout=to_answer, context=context)
        self._tls = context
        self._address = member.address
        self._to_connect = to_connect
        self._to_answer = to_answer

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self._to_connect)
        plain.settimeout(self._to_answer)
        # A request goes in two pieces, and the second must not wait until the first is acknowledged.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def client_context(etc: Path, kind: str) -> ssl.SSLContext:
    """A context that trusts the cluster's CA alone and shows this member's ``peer`` or ``server`` certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _with_certificates(context, etc, kind)


def server_context(etc: Path, kind: str) -> ssl.SSLContext:
    """A context with a ``peer`` or ``server`` certificate, which lets in nobody without one of the cluster's CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _with_certificates(context, etc, kind)


def _with_certificates(context: ssl.SSLContext, etc: Path, kind: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(etc / "ca.pem")
    context.load_cert_chain(etc / f"{kind}.pem", etc / f"{kind}-key.pem")
    return context
