"""The rate limits of each token, and their headers on every answer.

A request counts for one hour, and for one minute against the burst limit (section "Rate Limit" of DigitalOcean's API
reference).
"""

from __future__ import annotations

import math
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.api.cloud import Limits
from localcloud.api.digitalocean.access import bearer
from localcloud.api.digitalocean.errors import body

HOUR = 3600.0
MINUTE = 60.0


@dataclass(frozen=True)
class Refusal:
    """A limit that a request has met."""

    seconds: float
    """Seconds until the next request is allowed."""
    burst: bool
    """Whether it is the limit of a minute. That of an hour answers without ``retry-after``."""


class Window:
    """One token's requests of the last hour."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: deque[float] = deque()

    def take(self, now: float) -> Refusal | None:
        """Count a request at ``now``; return ``None`` if it is allowed, or the limit that it has met."""
        while self._times and self._times[0] <= now - HOUR:
            self._times.popleft()
        if len(self._times) >= self._limits.requests_per_hour:
            return Refusal(self._times[0] + HOUR - now, burst=False)
        burst = self._limits.requests_per_minute
        if len(self._times) >= burst and self._times[-burst] > now - MINUTE:
            return Refusal(self._times[-burst] + MINUTE - now, burst=True)
        self._times.append(now)
        return None

    @property
    def remaining(self) -> int:
        """The number of requests that are left in this hour."""
        return max(0, self._limits.requests_per_hour - len(self._times))

    def reset(self, now: float) -> int:
        """Return the Unix time at which the oldest request expires."""
        return math.ceil((self._times[0] if self._times else now) + HOUR)


class RateLimited:
    """ASGI middleware that adds a request id and rate-limit headers, and answers 429 above a limit."""

    def __init__(self, app: ASGIApp, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._limits = limits
        self._clock = clock
        self._windows: dict[str, Window] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        token = bearer(Headers(scope=scope).get("authorization", ""))
        window = self._windows.setdefault(token, Window(self._limits))
        refusal = window.take(self._clock())
        remaining = window.remaining if refusal is None else 0

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("ratelimit-limit", str(self._limits.requests_per_hour))
                headers.setdefault("ratelimit-remaining", str(remaining))
                headers.setdefault("ratelimit-reset", str(window.reset(self._clock())))
                headers["x-request-id"] = request_id
            await send(message)

        if refusal is None:
            await self._app(scope, receive, with_headers)
            return
        answer = JSONResponse(
            body(429, "API Rate limit exceeded.", request_id),
            status_code=429,
            headers={"retry-after": str(math.ceil(refusal.seconds))} if refusal.burst else {},
        )
        await answer(scope, receive, with_headers)
