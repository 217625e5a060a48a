"""HTTP requests: to members by their address, and to the providers' APIs.

They run in threads of their own. Registrations that wait for a gate may hold all threads of the event loop, and a gate
waits for answers. ``httpx.AsyncClient`` resolves names in the event loop's threads, so it could wait for ever.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import httpx

from ..config.proxy import ProxyError, proxy_for
from ..config.values import HEADER_VALUE, NO_HEADER_VALUE
from ..shared.api_errors import USER_AGENT

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="http")


class NoAnswerError(Exception):
    """A server gave no HTTP answer. The text says why."""

    def __init__(self, text: str, *, connected: bool = False) -> None:
        super().__init__(text)
        self.connected = connected
        """Whether the server's machine had accepted the connection."""


class BrokenTokenError(NoAnswerError):
    """No request can have the token, so none was sent. The text does not show it."""

    def __init__(self) -> None:
        super().__init__(f"nothing was sent, because the token {NO_HEADER_VALUE.format('token')}")


@dataclass(frozen=True)
class Call:
    """One of several requests over one connection: a ``POST`` of JSON if it has a body, else a ``GET``."""

    path: str
    body: Mapping[str, Any] | None = None


async def ask_member(
    name: str, address: str, port: int, context: ssl.SSLContext, calls: Sequence[Call], *, seconds: float
) -> list[httpx.Response]:
    """Ask a member at its address, and verify that its certificate carries its name. Uses no DNS and no proxy.

    ``seconds`` limits each wait for the member. Sends no header ``Accept``. Raises ``NoAnswerError``.
    """
    events: set[str] = set()

    def trace(event: str, _: Mapping[str, Any]) -> None:
        events.add(event)

    def exchange() -> list[httpx.Response]:
        with httpx.Client(
            base_url=f"https://{address}:{port}",
            headers={"User-Agent": USER_AGENT},
            verify=context,
            timeout=seconds,
            trust_env=False,
        ) as client:
            # etcd's gateway gives a request with this header no user, and so refuses it while authentication is on
            # (``AuthInfoFromTLS`` in etcd ``server/auth/store.go``).
            del client.headers["Accept"]
            return [
                client.request(
                    "GET" if call.body is None else "POST",
                    call.path,
                    json=call.body,
                    extensions={"sni_hostname": name, "trace": trace},
                )
                for call in calls
            ]

    try:
        return await _answered(exchange)
    except NoAnswerError as error:
        raise NoAnswerError(str(error), connected="connection.connect_tcp.complete" in events) from error


async def ask_api(url: str, token: str, *, seconds: float) -> httpx.Response:
    """Send a ``GET`` to a provider's API. Every status is an answer, and no redirection is followed.

    ``seconds`` limits each wait for the API. Raises ``NoAnswerError``, of which ``BrokenTokenError`` is one.
    """

    def exchange() -> httpx.Response:
        with api_client(url, token, seconds=seconds) as client:
            return client.get(url)

    return await _answered(exchange)


def api_client(url: str, token: str, *, seconds: float) -> httpx.Client:
    """A client of the API at ``url``, with the proxy and the trusted authorities that the provider's plugin uses.

    Raises ``ConfigurationError`` if the environment's proxy cannot be one, and ``BrokenTokenError``.
    """
    # httpx would refuse it with an error that shows it.
    if token and not HEADER_VALUE.fullmatch(token):
        raise BrokenTokenError
    try:
        proxy = proxy_for(url)
    except ProxyError as error:
        # The local cloud's commands use this module, and do not wait for the import of Pulumi's SDK.
        from ..config.errors import ConfigurationError  # noqa: PLC0415

        raise ConfigurationError(str(error)) from None
    return httpx.Client(
        base_url=url.partition("?")[0],
        headers={"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT},
        timeout=seconds,
        verify=_authorities(),
        proxy=proxy,
        trust_env=False,
    )


async def in_thread(send: Callable[[], T]) -> T:
    """Run a function that waits for the network in a thread of this module."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, send)


async def _answered(exchange: Callable[[], T]) -> T:
    try:
        return await in_thread(exchange)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        # httpx hides the system's error, which says more.
        cause: BaseException = error
        while cause.__context__ is not None:
            cause = cause.__context__
        reason = "no answer in time" if isinstance(cause, TimeoutError) else cause
        raise NoAnswerError(f"{type(cause).__name__}: {reason}") from error


@cache
def _authorities() -> ssl.SSLContext:
    return ssl.create_default_context()
