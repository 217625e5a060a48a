"""HTTP as the real providers' API clients speak it: bearer token, JSON, retries with growing pauses."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.waiting import Waiter

if TYPE_CHECKING:
    import ssl

    import httpx

_TIMEOUT = 60.0
"""For one attempt. Seconds."""


def prepare() -> ssl.SSLContext:
    """Do what takes time before the first request: load httpx and the certificates that are trusted."""
    return _trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _trust(file: str | None, directory: str | None) -> ssl.SSLContext:
    del file, directory  # httpx reads them itself
    # httpx takes its command line, which nobody needs here, for optional; it costs more than httpx itself.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx  # noqa: PLC0415 - some runs send no request

    return httpx.create_ssl_context()


@dataclass(frozen=True)
class Retries:
    """Which answers are asked for again, how often, and after which pause in seconds."""

    attempts: int
    transient: Callable[[int], bool]
    """Whether an answer with this status is worth another attempt. No answer at all always is."""
    pause: Callable[[int, str | None], float]
    """The pause after an attempt (from 0), given the answer's Retry-After header."""


@dataclass(frozen=True)
class HttpClient:
    """Requests to one API."""

    token: str = field(repr=False)
    user_agent: str
    retries: Retries
    waiter: Waiter
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def _session(self) -> httpx.Client:
        context = prepare()
        import httpx  # noqa: PLC0415 - some runs send no request

        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": self.user_agent}
        return httpx.Client(headers=headers, timeout=_TIMEOUT, verify=context)

    def request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> tuple[httpx.Response, int]:
        """The answer and the number of attempts that it took. Raises ``ProviderError`` when there is no answer."""
        with self._lock:
            session = self._session
        import httpx  # noqa: PLC0415 - the session has loaded it

        for attempt in range(self.retries.attempts):
            last = attempt + 1 == self.retries.attempts
            retry_after = None
            try:
                response = session.request(method, url, json=body, params=query)
            except httpx.TransportError as error:
                if last:
                    raise ProviderError(
                        f"{method} {url} giving up after {attempt + 1} attempt(s): {error or type(error).__name__}"
                    ) from error
            else:
                if last or not self.retries.transient(response.status_code):
                    return response, attempt + 1
                retry_after = response.headers.get("Retry-After")
            self.waiter.pause(self.retries.pause(attempt, retry_after))
        raise ProviderError(f"{method} {url}: no attempt was allowed: set the number of retries to 0 or more")
