"""Records every request, and injects faults before a request reaches an API.

The control API shows the requests and sets the faults. No real cloud has it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localcloud.api.accounts import BY_TOKEN
from localcloud.api.changes import Changes
from localcloud.api.cloudflare import envelope
from localcloud.api.connections import Connections
from localcloud.api.digitalocean import errors, listing
from localcloud.api.digitalocean.access import bearer
from localcloud.api.model import Droplet

Service = Literal["digitalocean", "cloudflare", "metadata", "releases"]

LISTING = "/v2/droplets"
"""The path to which ``stale`` and ``partial`` apply."""

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
    seconds: float | None = None
    """Seconds after which it was answered, or its connection closed; ``None`` before."""


class Fault(BaseModel):
    """A fault, and the requests to which it applies."""

    service: Service
    kind: Literal["latency", "status", "drop", "down", "stale", "partial"]
    """``latency`` delays by ``seconds``; ``status`` answers with ``status``; ``drop`` closes the connection without an
    answer; ``down`` refuses all connections to the service, whatever ``method``, ``path`` and ``times`` are.

    Two kinds apply to the listing of droplets alone, whatever ``method`` and ``path`` are: ``stale`` lists the droplets
    as they were when the fault was set, and ``partial`` leaves out those in ``omit``."""
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
    headers: dict[str, str | None] = Field(default_factory=dict)
    """Headers of a ``status`` answer, e.g. ``retry-after``. A 429 of DigitalOcean has ``retry-after`` by default, as at
    the limit of a minute; ``None`` omits it, as at the limit of an hour."""
    omit: list[str] = Field(default_factory=list)
    """Names of the droplets that ``partial`` leaves out."""

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
        if self.kind == "partial" and not self.omit:
            raise ValueError("omit is missing: set it for a fault of kind partial to names of droplets")
        if self.changes_listing and self.service != "digitalocean":
            raise ValueError(f"{self.service} lists no droplets: set service to digitalocean")
        return self

    @property
    def changes_listing(self) -> bool:
        """Whether it changes the listing of droplets, and nothing else."""
        return self.kind in {"stale", "partial"}

    @property
    def answers(self) -> bool:
        """Whether it takes the place of the API's answer."""
        return self.kind not in {"latency", "stale", "partial"}


@dataclass
class ActiveFault:
    """A fault that is set."""

    id: int
    fault: Fault
    left: int | None
    """The number of requests to which it still applies; ``None`` is unlimited."""
    until: float | None
    """The time of the monotonic clock at which it expires, if any."""
    droplets: Mapping[str, list[Droplet]]
    """The droplets of each account, by its name, at the time at which the fault was set."""

    def claim(self, service: Service, method: str, path: str, token: str, now: float) -> bool:
        """Return whether it applies to this request, and count the request if it does."""
        fault = self.fault
        if fault.changes_listing:
            matches = (method, path) == ("GET", LISTING)
        else:
            matches = (fault.method is None or fault.method.upper() == method) and (
                fault.path is None or re.search(fault.path, path) is not None
            )
        if (
            fault.kind == "down"
            or fault.service != service
            or not matches
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
    changes: Changes = field(default_factory=Changes)
    recorded: int = 0
    """The number of the last request. Requests are counted from 1."""

    _ids: count[int] = field(default_factory=lambda: count(1))

    def record(self, request: RecordedRequest) -> None:
        """Record a request that has come."""
        self.requests.append(request)
        self.recorded += 1
        self.changes.request_changed()

    def requests_after(self, number: int) -> dict[int, RecordedRequest]:
        """Return the kept requests with higher numbers, by number; all of them if the number is still to come."""
        first = self.recorded - len(self.requests) + 1
        begin = max(first, number + 1 if number <= self.recorded else first)
        return dict(enumerate(islice(self.requests, begin - first, None), start=begin))

    def set_faults(self, faults: Sequence[Fault], droplets: Mapping[str, list[Droplet]]) -> None:
        """Replace all faults. ``droplets`` are those of each account now."""
        self.active_faults = []
        self.changes.state_changed()
        for fault in faults:
            self.add_fault(fault, droplets)

    def add_fault(self, fault: Fault, droplets: Mapping[str, list[Droplet]]) -> ActiveFault:
        """Set a fault besides the others. ``droplets`` are those of each account now."""
        until = None if fault.seconds is None or fault.kind == "latency" else time.monotonic() + fault.seconds
        active = ActiveFault(
            next(self._ids), fault, fault.times, until, droplets if fault.kind == "stale" else {}
        )
        self.active_faults.append(active)
        self.changes.state_changed()
        return active

    def remove_fault(self, fault_id: int) -> None:
        """End a fault. A fault that is not set is no error."""
        self.active_faults = [active for active in self.active_faults if active.id != fault_id]
        self.changes.state_changed()

    def faults_for(self, service: Service, method: str, path: str, token: str) -> list[ActiveFault]:
        """Return the faults that apply to this request: those that keep the API's answer, then the first other one."""
        now = time.monotonic()
        kept: list[ActiveFault] = []
        replaced: list[ActiveFault] = []
        for active in self.active_faults:
            if active.fault.answers and replaced:
                continue
            if active.claim(service, method, path, token, now):
                (replaced if active.fault.answers else kept).append(active)
        return [*kept, *replaced]


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
        began = time.monotonic()
        self._traffic.record(recorded)

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start":
                recorded.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, recording)
        finally:
            recorded.seconds = time.monotonic() - began
            self._traffic.changes.request_changed()


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
            for active in self._traffic.faults_for(
                self._service, scope["method"], scope["path"], token_name(scope)
            ):
                fault = active.fault
                if fault.kind == "latency":
                    await asyncio.sleep(fault.seconds or 0)
                elif fault.kind == "stale":
                    listing.make_stale(scope, active.droplets)
                elif fault.kind == "partial":
                    listing.leave_out(scope, fault.omit)
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
        wanted = {name.lower(): value for name, value in fault.headers.items()}
        if status == 429 and self._service == "digitalocean":
            wanted = {"retry-after": "1", "ratelimit-remaining": "0", **wanted}
            reset = int(time.time() + float(wanted["retry-after"] or 1)) + 1
            wanted.setdefault("ratelimit-reset", str(reset))
        headers = MutableHeaders(raw=answer.raw_headers)
        headers.update({name: value for name, value in wanted.items() if value is not None})
        await answer(scope, receive, send)

    def _body(self, status: int, scope: Scope) -> object:
        if self._service == "digitalocean":
            message = {429: "API Rate limit exceeded."}.get(
                status, "Server was unable to give you a response."
            )
            return errors.body(status, message, scope.get("state", {}).get("request_id", ""))
        code = {429: 10100, 403: 10000}.get(status, 10013)
        return envelope.failure(code, {429: "Rate limited. Please wait."}.get(status, "internal error"))
