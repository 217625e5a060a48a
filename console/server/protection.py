"""Lets only the console's own page use it, although other pages are open in the same browser."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""The headers of every answer."""
LONGEST_BODY = 64 * 1024
"""Bytes of the longest body that is read."""

NAMES = ("localhost", "127.0.0.1", "[::1]")
"""The names of loopback, which the console answers to."""
HTTP_PORT = 80
EVENTS = "/events"
"""The path of the stream, which only the page itself reads."""

_READING = {"GET", "HEAD"}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not served."""

    status: int
    problem: str


def refusal(method: str, path: str, headers: Headers, port: int) -> Refusal | None:
    """Return why a request is not served; ``None`` if it is.

    The names of loopback are no secret, but a name of somebody else that resolves to loopback is refused: its page
    would have the same origin as the console (DNS rebinding).
    """
    host = headers.get("host", "")
    # Browsers leave out the port of http.
    own_ports = {f":{port}", ""} if port == HTTP_PORT else {f":{port}"}
    if host not in {f"{name}{own}" for name in NAMES for own in own_ports}:
        return Refusal(421, f"Host is {host!r}: open http://127.0.0.1:{port}")
    site, mode = headers.get("sec-fetch-site", "same-origin"), headers.get("sec-fetch-mode", "")
    # A link to the console, or its address typed by hand, is no request of another page for its content. A frame is.
    to_look = headers.get("sec-fetch-dest", "document") == "document" and path != EVENTS
    navigated = method in _READING and mode == "navigate" and to_look
    if site != "same-origin" and not navigated:
        return Refusal(403, f"Sec-Fetch-Site is {site!r}: use the console's own page")
    origin = headers.get("origin")
    # A browser may leave it out of a request that only reads. Old ones do not send Sec-Fetch-Site.
    if origin != f"http://{host}" and not (method in _READING and origin is None):
        return Refusal(403, f"Origin is {origin!r}: use the console's own page")
    if method in _READING:
        return None
    kind = headers.get("content-type", "")
    # Forms of other pages cannot send this type, and scripts only with the console's consent.
    if kind.partition(";")[0].strip().lower() != "application/json":
        return Refusal(415, f"Content-Type is {kind!r}: send application/json")
    length = headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        return Refusal(413, f"Content-Length is {length!r}: send at most {LONGEST_BODY} bytes")
    return None


class Protection:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = refusal(scope["method"], scope["path"], Headers(scope=scope), self._port)
        if refused is None:
            await self._app(scope, receive, sending)
        else:
            await JSONResponse({"error": refused.problem}, refused.status)(scope, receive, sending)
