"""What happens to every request before the APIs see it: it is noted, and it may meet a fault.

Neither is anything that a real cloud offers; both are steered over the control socket.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.api.cloudflare import envelope
from localcloud.api.connections import Connections
from localcloud.api.digitalocean import errors
from localcloud.api.digitalocean.access import bearer
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN, STRANGERS_TOKEN

Service = Literal["digitalocean", "cloudflare", "metadata", "releases"]

TOKEN_NAMES = {
    "": "",
    DIGITALOCEAN_TOKEN: "admin",
    DISCOVERY_TOKEN: "discovery",
    STRANGERS_TOKEN: "strangers",
    CLOUDFLARE_TOKEN: "cloudflare",
}
KEPT_REQUESTS = 100_000


class SeenRequest(BaseModel):
    """One request; the token stands by its name, and is ``unknown`` when it is none of the local cloud's."""

    service: Service
    method: str
    path: str
    query: str
    status: int | None
    """None when the connection was dropped."""
    token: str
    source: str
    time: float
    """Arrival, in seconds since the epoch."""


class Fault(BaseModel):
    """What goes wrong with the requests that it is for."""

    service: Service
    kind: Literal["latency", "status", "drop", "down"]
    """``latency`` delays by ``seconds``; ``status`` answers with ``status``; ``drop`` closes the connection
    unanswered; ``down`` refuses connections to the whole service (method, path and times do not count)."""
    method: str | None = None
    path: str | None = None
    """A regular expression that is found in the path."""
    token: str | None = None
    """The name of the token that comes with them, such as ``discovery``."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    seconds: Annotated[float, Field(ge=0)] | None = None
    """``latency``: how long. Others: how long after it was set the fault lasts."""
    times: Annotated[int, Field(ge=1)] | None = None
    """How many requests it is for; after that it is over."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers of a ``status`` answer, e.g. ``retry-after``."""

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Fault:
        if self.kind == "status" and self.status is None:
            raise ValueError("status: a fault of kind status needs one, e.g. 500")
        if self.kind == "latency" and self.seconds is None:
            raise ValueError("seconds: a fault of kind latency needs them, e.g. 0.5")
        return self


@dataclass
class Armed:
    """A fault in force."""

    fault: Fault
    left: int | None
    until: float | None
    """On the monotonic clock."""

    def meets(self, service: Service, method: str, path: str, token: str, now: float) -> bool:
        """Whether it is for this request, which counts against its times if it is."""
        fault = self.fault
        if (
            fault.kind == "down"
            or fault.service != service
            or (fault.method is not None and fault.method.upper() != method)
            or (fault.path is not None and not re.search(fault.path, path))
            or (fault.token is not None and fault.token != token)
            or (self.until is not None and now >= self.until)
            or self.left == 0
        ):
            return False
        if self.left is not None:
            self.left -= 1
        return True


@dataclass
class Observation:
    """The requests so far, and the faults in force."""

    requests: deque[SeenRequest] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    armed: list[Armed] = field(default_factory=list[Armed])

    def arm(self, faults: list[Fault]) -> None:
        """Put these faults in force, and no others."""
        now = time.monotonic()
        self.armed = [
            Armed(
                fault,
                left=fault.times,
                until=None if fault.seconds is None or fault.kind == "latency" else now + fault.seconds,
            )
            for fault in faults
        ]

    def faults_for(self, service: Service, method: str, path: str, token: str) -> list[Fault]:
        """What this request meets: every latency, then the first other fault."""
        now = time.monotonic()
        met: list[Fault] = []
        for armed in self.armed:
            final = armed.fault.kind != "latency"
            if (final and any(fault.kind != "latency" for fault in met)) or not armed.meets(
                service, method, path, token, now
            ):
                continue
            met.append(armed.fault)
        return sorted(met, key=lambda fault: fault.kind != "latency")


def token_name(scope: Scope) -> str:
    """The name of a request's token."""
    return TOKEN_NAMES.get(bearer(Headers(scope=scope).get("authorization", "")), "unknown")


class Noted:
    """ASGI middleware, outermost: notes every request with its answer's status."""

    def __init__(self, app: ASGIApp, service: Service, observation: Observation) -> None:
        self._app = app
        self._service: Service = service
        self._observation = observation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        seen = SeenRequest(
            service=self._service,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=None,
            token=token_name(scope),
            source=client[0] if client else "",
            time=time.time(),
        )
        self._observation.requests.append(seen)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
            await send(message)

        await self._app(scope, receive, noting)


class Faulty:
    """ASGI middleware, innermost: requests meet the faults in force before they reach the API."""

    def __init__(
        self, app: ASGIApp, service: Service, observation: Observation, connections: Connections
    ) -> None:
        self._app = app
        self._service: Service = service
        self._observation = observation
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            for fault in self._observation.faults_for(
                self._service, scope["method"], scope["path"], token_name(scope)
            ):
                if fault.kind == "latency":
                    await asyncio.sleep(fault.seconds or 0)
                elif fault.kind == "drop":
                    await self._connections.drop(scope)
                    return
                else:
                    await self._answer(fault, scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        status = fault.status or 500
        answer = JSONResponse(self._body(status, scope), status_code=status)
        headers = MutableHeaders(raw=answer.raw_headers)
        if status == 429 and self._service == "digitalocean":
            reset = {name.lower(): value for name, value in fault.headers.items()}.get("retry-after", "1")
            headers["retry-after"] = reset
            headers["ratelimit-remaining"] = "0"
            headers["ratelimit-reset"] = str(int(time.time() + float(reset)) + 1)
        headers.update(fault.headers)
        await answer(scope, receive, send)

    def _body(self, status: int, scope: Scope) -> object:
        if self._service == "digitalocean":
            message = {429: "API Rate limit exceeded."}.get(
                status, "Server was unable to give you a response."
            )
            return errors.body(status, message, scope.get("state", {}).get("request_id", ""))
        code = {429: 10100, 403: 10000}.get(status, 10013)
        return envelope.failure(code, {429: "Rate limited. Please wait."}.get(status, "internal error"))
