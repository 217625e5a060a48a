"""Requests to the DigitalOcean API, and the listing of the cluster's droplets."""

from __future__ import annotations

import functools
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast

from components.shared.api_errors import USER_AGENT, is_api_error
from components.shared.droplets import ipv4_address
from components.shared.paging import has_next_page, page_url
from etcd_node.host.backoff import after_refusal, backoff

REQUEST_TIMEOUT = 10.0
"""Seconds for a request of one page."""

REMEDY = (
    "set etcd:discoveryToken to a token with the scopes droplet:read and tag:read, and run pulumi up, "
    "also before pulumi destroy"
)
"""The remedy for a rejected token. With it a member cannot see either that its cluster is being destroyed."""


@dataclass(frozen=True)
class Droplet:
    """One droplet with the cluster's tag."""

    id: int
    name: str
    address: str
    """Its public or private IPv4 address. Empty while it has none."""
    off: bool = False
    """Whether its power is off."""


class ListingError(Exception):
    """A request failed. The text is one line without any secret."""

    def __init__(
        self,
        text: str,
        *,
        refused: Mapping[str, str] | None = None,
        patient: bool = False,
        missing: bool = False,
    ) -> None:
        super().__init__(text)
        self.refused = refused
        """The headers of a 429 answer."""
        self.patient = patient
        """Whether an operator must change something first, so that early tries are useless."""
        self.missing = missing
        """Whether the API itself says that it has nothing at the requested path."""

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait before the next try. ``attempt`` counts earlier failures."""
        if self.refused is not None:
            return after_refusal(self.refused, time.time(), attempt)
        return backoff(attempt, first=15.0 if self.patient else 1.0, longest=60.0)


Fetch = Callable[[str, Mapping[str, str]], bytes]
"""Gets a URL with these headers and returns the body. Raises ``ListingError``."""


def list_droplets(
    api_url: str, token: str, tag: str, kind: str, *, fetch: Fetch | None = None
) -> list[Droplet]:
    """List all droplets with a tag. ``kind`` of address: ``public`` or ``private``. Raises ``ListingError``."""
    droplets: list[Droplet] = []
    for body in pages(api_url, token, "droplets", {"tag_name": tag}, fetch=fetch):
        try:
            droplets += [
                Droplet(
                    int(entry["id"]),
                    str(entry["name"]),
                    ipv4_address(entry, kind),
                    off=entry.get("status") == "off",
                )
                for entry in body["droplets"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise unexpected("droplets", error) from error
    return droplets


def pages(
    api_url: str, token: str, path: str, query: Mapping[str, str], *, fetch: Fetch | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the body of each page of ``/v2/PATH``. Raises ``ListingError``."""
    get = fetch or _fetch
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }
    page = 1
    while True:
        body = _parse(get(page_url(api_url, path, query, page), headers))
        yield body
        try:
            more = has_next_page(body)
        except (TypeError, AttributeError) as error:
            raise unexpected(path, error) from error
        if not more:
            return
        page += 1


def unexpected(what: str, error: Exception) -> ListingError:
    """Return an error for an answer that differs from the API reference."""
    return ListingError(f"the DigitalOcean API answered without valid {what}: {error!r}")


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ListingError("the DigitalOcean API's answer is not JSON") from error
    if not isinstance(parsed, dict):
        raise ListingError("the DigitalOcean API's answer is not a JSON object")
    return cast("dict[str, Any]", parsed)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an error: the token must not reach another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return no other request."""


@functools.cache
def _opener() -> urllib.request.OpenerDirector:
    """Made for the first request and not at the import, since it may read the system's authorities."""
    return urllib.request.build_opener(_NoRedirect)


def _fetch(url: str, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310
    try:
        with _opener().open(request, timeout=REQUEST_TIMEOUT) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        body = b""
        with error, suppress(OSError, HTTPException):
            body = error.read(1 << 16)
        headers = {key.lower(): value for key, value in error.headers.items()}
        raise _refusal(error.code, headers, body) from None
    except urllib.error.URLError as error:
        raise ListingError(f"the DigitalOcean API cannot be reached: {_reason(error.reason)}") from None
    except (OSError, HTTPException) as error:
        raise ListingError(f"the DigitalOcean API broke the connection: {_reason(error)}") from None


def _refusal(status: int, headers: Mapping[str, str], body: bytes) -> ListingError:
    if status in {401, 403, 404} and not is_api_error(body):
        return ListingError(f"a server in front of the DigitalOcean API answers {status}")
    if status == 404:
        return ListingError("the DigitalOcean API answers 404", missing=True)
    if status == 401:
        return ListingError(
            f"the DigitalOcean API answers 401: the discovery token is invalid or revoked: {REMEDY}",
            patient=True,
        )
    if status == 403:
        return ListingError(
            f"the DigitalOcean API answers 403: the discovery token lacks a scope: {REMEDY}",
            patient=True,
        )
    if status == 429:
        return ListingError("the DigitalOcean API answers 429: too many requests", refused=headers)
    return ListingError(f"the DigitalOcean API answers {status}")


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__
