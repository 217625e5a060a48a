"""A client of DigitalOcean's API, like DigitalOcean's Go client, godo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from localcloud.plugins.digitalocean.spaces import Spaces
from localcloud.plugins.errors import GoneError, ProviderError, StatusError
from localcloud.plugins.http_client import HttpClient
from localcloud.plugins.values import Properties, elements, members
from localcloud.plugins.waiting import Waiter

_ACTION_TIMEOUT = 60 * 60.0
"""Seconds within which an action must complete."""
_PAGE_SIZE = 200


@dataclass(frozen=True)
class DigitalOceanApi:
    """A client of ``/v2``, which also waits for actions."""

    endpoint: str
    """The scheme and the host, e.g. ``https://api.digitalocean.com``."""
    http: HttpClient
    waiter: Waiter
    spaces: Spaces

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Properties:
        """Send a GET request, and return the answer's body."""
        return self._request("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Properties:
        """Send a POST request, and return the answer's body."""
        return self._request("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Properties:
        """Send a PUT request, and return the answer's body."""
        return self._request("PUT", path, body)

    def delete(self, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a DELETE request."""
        self._request("DELETE", path, body)

    def read(self, path: str, key: str, failed: str) -> Properties:
        """Return one object. Raises ``GoneError`` if it does not exist, or an error that begins with ``failed``."""
        try:
            return self.get(path)[key]
        except StatusError as error:
            if error.status == 404:
                raise GoneError from error
            raise ProviderError(f"{failed}: {error}") from error

    def list(self, path: str, key: str, query: Mapping[str, Any] | None = None) -> Iterator[Properties]:
        """Return all objects of a listing, from all pages."""
        page = 1
        while True:
            answer = self.get(path, {"page": page, "per_page": _PAGE_SIZE, **(query or {})})
            yield from elements(answer.get(key))
            if not members(members(answer.get("links")).get("pages")).get("next"):
                return
            page += 1

    def finish(self, action: Properties) -> None:
        """Wait until an action is complete."""

        def read_state() -> str:
            seen = self.get(f"actions/{action['id']}")["action"]
            if seen["status"] == "errored":
                return "errored"
            return "completed" if seen.get("completed_at") else "in-progress"

        self.waiter.until("completed", ("in-progress",), read_state, _ACTION_TIMEOUT)

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Properties:
        response, attempts = self.http.request(method, urljoin(self.endpoint, f"v2/{path}"), body, query)
        if response.is_success:
            return response.json() if response.content else {}
        try:
            detail: Properties = response.json()
        except ValueError:
            detail = {"message": response.text}
        request_id = detail.get("request_id") or response.headers.get("x-request-id", "")
        named = f' (request "{request_id}")' if request_id else ""
        tried = f"; giving up after {attempts} attempt(s)" if attempts > 1 else ""
        raise StatusError(
            response.status_code,
            f"{method} {response.request.url}: {response.status_code}{named} {detail.get('message', '')}{tried}",
        )
