"""Records every request, and injects faults before a request reaches an API.

The control API shows the requests and sets the faults. No real cloud has it.
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

from localcloud.api.accounts import BY_TOKEN
from localcloud.api.cloudflare import envelope
from localcloud.api.connections import Connections
from localcloud.api.digitalocean import errors
from localcloud.api.digitalocean.access import bearer

Service = Literal["digitalocean", "cloudflare", "metadata", "releases"]

KEPT_REQUESTS = 100_000
"""The number of requests after which the oldest is dropped."""


class RecordedRequest(BaseModel):
    """One request. Its token is shown by name, or as ``unknown`` if it is not one of the local cloud's."""

    service: Service
    method: str
    path: str
    query: str
    status: int | None
    """``None`` if the connection was closed without an answer."""
    token: str
    account: str
    """The name of the token's account; empty without a token, and if it is none of the local cloud's."""
    source: str
    time: float
    """Unix time of the request's arrival."""


class Fault(BaseModel):
    """A fault, and the requests to which it applies."""

    service: Service
    kind: Literal["latency", "status", "drop", "down"]
    """``latency`` delays by ``seconds``; ``status`` answers with ``status``; ``drop`` closes the connection without an
    answer; ``down`` refuses all connections to the service, whatever ``method``, ``path`` and ``times`` are."""
    method: str | None = None
    path: str | None = None
    """A regular expression that the path must contain."""
    token: str | None = None
    """The name of the requests' token, such as ``discovery``."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    seconds: Annotated[float, Field(ge=0)] | None = None
    """Seconds: for ``latency`` those of the delay, for other kinds those after which the fault expires."""
    times: Annotated[int, Field(ge=1)] | None = None
    """The number of requests to which it applies."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers of a ``status`` answer, e.g. ``retry-after``."""

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{value!r} is not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _has_required_fields(self) -> Fault:
        if self.kind == "status" and self.status is None:
            raise ValueError("status is missing: set it for a fault of kind status, e.g. to 500")
        if self.kind == "latency" and self.seconds is None:
            raise ValueError("seconds is missing: set it for a fault of kind latency, e.g. to 0.5")
        return self


@dataclass
class ActiveFault:
    """A fault that is set."""

    fault: Fault
    left: int | None
    """The number of requests to which it still applies; ``None`` is unlimited."""
    until: float | None
    """The time of the monotonic clock at which it expires, if any."""

    def claim(self, service: Service, method: str, path: str, token: str, now: float) -> bool:
        """Return whether it applies to this request, and count the request if it does."""
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
class Traffic:
    """The recorded requests and the active faults of all services."""

    requests: deque[RecordedRequest] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    active_faults: list[ActiveFault] = field(default_factory=list[ActiveFault])

    def set_faults(self, faults: list[Fault]) -> None:
        """Replace all faults."""
        now = time.monotonic()
        self.active_faults = [
            ActiveFault(
                fault,
                left=fault.times,
                until=None if fault.seconds is None or fault.kind == "latency" else now + fault.seconds,
            )
            for fault in faults
        ]

    def faults_for(self, service: Service, method: str, path: str, token: str) -> list[Fault]:
        """Return the faults that apply to this request: every latency, then the first other fault."""
        now = time.monotonic()
        applicable: list[Fault] = []
        for active in self.active_faults:
            final = active.fault.kind != "latency"
            if (final and any(fault.kind != "latency" for fault in applicable)) or not active.claim(
                service, method, path, token, now
            ):
                continue
            applicable.append(active.fault)
        return sorted(applicable, key=lambda fault: fault.kind != "latency")


def token_name(scope: Scope) -> str:
    """Return the name of a request's token; empty if it has none."""
    token = bearer(Headers(scope=scope).get("authorization", ""))
    if not token:
        return ""
    account = BY_TOKEN.get(token)
    return account.tokens[token] if account else "unknown"


def account_name(scope: Scope) -> str:
    """Return the name of the account that a request's token belongs to; empty if there is none."""
    account = BY_TOKEN.get(bearer(Headers(scope=scope).get("authorization", "")))
    return account.name if account else ""


class RequestRecorder:
    """The outermost ASGI middleware: it records every request with the status of its answer."""

    def __init__(self, app: ASGIApp, service: Service, traffic: Traffic) -> None:
        self._app = app
        self._service: Service = service
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        recorded = RecordedRequest(
            service=self._service,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=None,
            token=token_name(scope),
            account=account_name(scope),
            source=client[0] if client else "",
            time=time.time(),
        )
        self._traffic.requests.append(recorded)

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start":
                recorded.status = message["status"]
            await send(message)

        await self._app(scope, receive, recording)


class FaultInjector:
    """The innermost ASGI middleware: it applies the active faults before a request reaches the API."""

    def __init__(self, app: ASGIApp, service: Service, traffic: Traffic, connections: Connections) -> None:
        self._app = app
        self._service: Service = service
        self._traffic = traffic
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            for fault in self._traffic.faults_for(
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
