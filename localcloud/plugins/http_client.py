"""An HTTP client like those of the real providers: bearer token, JSON, retries with growing pauses."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from components.config.proxy import proxy_for
from localcloud.plugins.errors import NoAnswerError, ProviderError
from localcloud.plugins.waiting import Waiter

if TYPE_CHECKING:
    import ssl

    import httpx

TIMEOUTS = (30.0, None, None, None)
"""Seconds to connect, read, write, and get a connection. The clients of the real providers limit only the first (Go's
``http.DefaultTransport``): they wait for a silent API, and never repeat a request that it may still carry out."""


def prepare() -> ssl.SSLContext:
    """Load httpx and the trusted certificates, which is slow, before the first request."""
    return _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _trust(file: str | None, directory: str | None) -> ssl.SSLContext:
    del file, directory  # httpx reads the variables itself
    # Without httpx's optional command line, importing httpx takes 0.08 s instead of 0.27 s.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] - None stops the import
    import httpx  # noqa: PLC0415 - it takes 0.08 s, and some runs send no request

    context = httpx.create_ssl_context()
    # The first one imports httpcore.
    httpx.HTTPTransport(verify=context).close()
    return context


@dataclass(frozen=True)
class Retries:
    """The rules for retrying a request."""

    attempts: int
    """The largest number of attempts."""
    transient: Callable[[int], bool]
    """Returns whether a request is retried after this status. It is always retried without an answer."""
    pause: Callable[[int, str | None], float]
    """Returns the seconds to wait after an attempt (counted from 0), given the answer's Retry-After header."""


@dataclass(frozen=True)
class HttpClient:
    """A client of one API."""

    token: str = field(repr=False)
    user_agent: str
    retries: Retries
    waiter: Waiter
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def _sessions(self) -> dict[str | None, httpx.Client]:
        """The clients by the proxy that they use."""
        return {}

    def _session(self, url: str) -> httpx.Client:
        context = prepare()
        import httpx  # noqa: PLC0415 - prepare has loaded it

        proxy = proxy_for(url)
        with self._lock:
            if proxy not in self._sessions:
                headers = {"Authorization": f"Bearer {self.token}", "User-Agent": self.user_agent}
                self._sessions[proxy] = httpx.Client(
                    headers=headers, timeout=TIMEOUTS, verify=context, proxy=proxy, trust_env=False
                )
            return self._sessions[proxy]

    def request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> tuple[httpx.Response, int]:
        """Send a request; return the answer and the number of attempts. Raises ``NoAnswerError`` without an answer."""
        session = self._session(url)
        import httpx  # noqa: PLC0415 - the session has loaded it

        for attempt in range(self.retries.attempts):
            last = attempt + 1 == self.retries.attempts
            retry_after = None
            try:
                response = session.request(method, url, json=body, params=query)
            except httpx.LocalProtocolError:
                # Its text shows the token. This is that of the real plugins.
                raise ProviderError(
                    f'{method} {url}: net/http: invalid header field value for "Authorization"'
                ) from None
            except httpx.TransportError as error:
                if last:
                    raise NoAnswerError(
                        f"{method} {url} giving up after {attempt + 1} attempt(s): {error or type(error).__name__}"
                    ) from error
            else:
                if last or not self.retries.transient(response.status_code):
                    return response, attempt + 1
                retry_after = response.headers.get("Retry-After")
            self.waiter.pause(self.retries.pause(attempt, retry_after))
        raise ProviderError(f"{method} {url}: the number of retries is negative: set it to 0 or more")
