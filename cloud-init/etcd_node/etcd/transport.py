"""HTTP over mutual TLS between members. Connections go to addresses; certificates are checked against names."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.ports import CLIENT_PORT, EXPORTER_PORT, PEER_PORT
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings

CONNECT_TIMEOUT = 2.0
"""Seconds to open a connection. All members are in one region, and a silent one must not delay the others."""

ANSWER_TIMEOUT = 6.0
"""Seconds for an answer of etcd's gateway. etcd's own limit for a proposal is about the same."""

PERSISTENT_CONNECT_TIMEOUT = 0.5
"""Seconds to open a persistent connection. The next try follows soon, perhaps at another address."""

PERSISTENT_ANSWER_TIMEOUT = 3.0
"""Seconds for an answer on a persistent connection."""


@dataclass(frozen=True)
class MemberAddress:
    """A member's name and address."""

    name: str
    address: str


def this_member(settings: Settings, paths: Paths) -> MemberAddress:
    """This machine's member, at the address that the other members use."""
    return MemberAddress(settings.name, read_members(paths.hosts).get(settings.name, settings.listen))


def other_members(settings: Settings, paths: Paths) -> list[MemberAddress]:
    """The other members, as far as the hosts file has their addresses."""
    known = read_members(paths.hosts)
    return [MemberAddress(name, address) for name, address in known.items() if name != settings.name]


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response with its whole body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Parse the body. Raises ``ValueError`` when it is not JSON."""
        return json.loads(self.body)


class NoAnswerError(Exception):
    """There was no usable answer. The text gives the reason in a few words."""


class ClosedError(NoAnswerError):
    """The member took the connection, and closed it without an answer.

    etcd does so on its peer port when it cannot look up the address of a name in our certificate
    (etcd ``client/pkg/transport/listener_tls.go``).
    """


class TlsClient:
    """Sends requests to members, with this member's certificates."""

    def __init__(self, etc: Path) -> None:
        self._peer_context = client_context(etc, "peer")
        # The server certificate is also valid as a client's.
        self._client_context = client_context(etc, "server")

    def request_peer(
        self,
        member: MemberAddress,
        method: str,
        path: str,
        body: Any = None,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        answer_timeout: float = 2.0,
    ) -> HttpResponse:
        """Send a request to a member's peer port. The time limits are in seconds.

        Raises ``NoAnswerError``.
        """
        return self._request(
            _HttpsConnection(self._peer_context, member, PEER_PORT, connect_timeout, answer_timeout),
            method,
            path,
            body,
        )

    def request_exporter(self, member: MemberAddress, path: str) -> HttpResponse:
        """Get a page of a member's exporter. Raises ``NoAnswerError``."""
        return self._request(
            _HttpsConnection(self._client_context, member, EXPORTER_PORT, CONNECT_TIMEOUT, ANSWER_TIMEOUT),
            "GET",
            path,
            None,
        )

    def call_gateway(self, member: MemberAddress, path: str, body: Any) -> HttpResponse:
        """Call etcd's JSON gateway on a member's client port, by ``GET`` if there is no body. Raises ``NoAnswerError``.

        Without a header ``Accept``, which nothing here sends, etcd takes a certificate without a common name for a user
        without a name, and lets it look up even while authentication is on (server/auth/store.go: AuthInfoFromTLS).
        """
        return self._request(
            _HttpsConnection(self._client_context, member, CLIENT_PORT, CONNECT_TIMEOUT, ANSWER_TIMEOUT),
            "GET" if body is None else "POST",
            path,
            body,
        )

    def peer_connection(self, member: MemberAddress) -> PersistentConnection:
        """Return a persistent connection to a member's peer port, not opened yet."""
        return PersistentConnection(
            _HttpsConnection(
                self._peer_context, member, PEER_PORT, PERSISTENT_CONNECT_TIMEOUT, PERSISTENT_ANSWER_TIMEOUT
            )
        )

    def client_connection(self, member: MemberAddress) -> PersistentConnection:
        """Return a persistent connection to a member's client port, not opened yet."""
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
    """A connection that stays open between requests. Its end shows at once that the member is gone."""

    def __init__(self, connection: _HttpsConnection) -> None:
        self._connection = connection

    def get(self, path: str) -> HttpResponse:
        """Send one request, over a new connection if there is none. Raises ``NoAnswerError``."""
        try:
            return _exchange(self._connection, "GET", path, None)
        except NoAnswerError:
            self.close()
            raise

    @property
    def socket(self) -> socket.socket | None:
        """The open socket, or ``None``. It is readable between requests when the member has closed it."""
        return self._connection.sock

    def close(self) -> None:
        """Close the connection. The next request opens a new one."""
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
        text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        # Go's alert for both (crypto/x509).
        if "alert certificate expired" in text:
            text = "by its clock, our certificate has expired or is not valid yet"
        kind = ClosedError if isinstance(error, ConnectionResetError) else NoAnswerError
        raise kind(text) from None


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
        # Head and body are sent separately. The body must not wait until the head is acknowledged.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def client_context(etc: Path, kind: str) -> ssl.SSLContext:
    """Return a context with the ``peer`` or ``server`` certificate, which trusts only the authorities of that kind."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _with_certificates(context, etc, kind)


def server_context(etc: Path, kind: str) -> ssl.SSLContext:
    """Return a server context with this certificate, which demands a certificate of the same kind's authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _with_certificates(context, etc, kind)


def _with_certificates(context: ssl.SSLContext, etc: Path, kind: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(etc / ("peer-ca.pem" if kind == "peer" else "ca.pem"))
    context.load_cert_chain(etc / f"{kind}.pem", etc / f"{kind}-key.pem")
    return context
