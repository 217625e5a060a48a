"""Requests to members and to the DigitalOcean API, by Python's standard library.

``import httpx`` would take 0.1 s of every run, since one that changes nothing looks at the members' health, too.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

# Not the event loop's own threads: registrations may hold all of those while they wait for a gate, and the gate waits
# for answers.
_THREADS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="http")


class NoAnswerError(Exception):
    """Nobody answered as HTTP does; the text says why."""


@dataclass(frozen=True)
class Response:
    """A whole answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By their names in lower case."""

    @property
    def text(self) -> str:
        """The body, readable even where it is no UTF-8."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body. Raises ``ValueError`` when it is no JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Call:
    """One request of several over one connection; with a body it is a ``POST`` of JSON, else a ``GET``."""

    path: str
    body: Mapping[str, Any] | None = None


async def ask_member(
    name: str, address: str, port: int, context: ssl.SSLContext, calls: Sequence[Call], *, seconds: float
) -> list[Response]:
    """The answers of a member at its address, whose certificate must carry its name. Needs no DNS, uses no proxy.

    ``seconds`` limits each wait for the member. Raises ``NoAnswerError``.
    """

    def exchange() -> list[Response]:
        with closing(http.client.HTTPConnection(address, port)) as connection:
            # Never by itself, which would be without TLS.
            connection.auto_open = False
            plain = socket.create_connection((address, port), seconds)
            # As http.client does it by itself: a body would wait 40 ms for the headers' acknowledgement.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sock = context.wrap_socket(plain, server_hostname=name)
            return [_exchange(connection, call) for call in calls]

    return await _off_the_loop(exchange)


async def ask_api(url: str, token: str, *, seconds: float) -> Response:
    """The answer of DigitalOcean's API to a ``GET``, through the environment's proxy if there is one.

    ``seconds`` limits each wait for the API. Raises ``NoAnswerError``.
    """
    # The settings take http and https alone.
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310

    def exchange() -> Response:
        with urllib.request.build_opener(_AnyStatus).open(request, timeout=seconds) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, response.read(), headers)

    return await _off_the_loop(exchange)


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Takes every status for an answer: none raises, and no redirection carries the token elsewhere."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response

    https_response = http_response


def _exchange(connection: http.client.HTTPConnection, call: Call) -> Response:
    if call.body is None:
        connection.request("GET", call.path)
    else:
        connection.request("POST", call.path, json.dumps(call.body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return Response(response.status, response.read())


async def _off_the_loop(exchange: Callable[[], T]) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, exchange)
    except (OSError, http.client.HTTPException) as error:
        # urllib wraps what went wrong with the connection.
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = "no answer in time" if isinstance(cause, TimeoutError) else cause
        raise NoAnswerError(f"{type(cause).__name__}: {reason}") from error
