"""A client of Cloudflare's API, like Cloudflare's Go client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.plugins.errors import ProviderError, StatusError
from localcloud.plugins.http_client import HttpClient
from localcloud.plugins.values import Properties, elements, members

GONE = "Resource not found: The resource was not found on the server and will be removed from state."


@dataclass(frozen=True)
class CloudflareApi:
    """A client of Cloudflare's API v4."""

    base_url: str
    """The URL with its path, e.g. ``https://api.cloudflare.com/client/v4``."""
    http: HttpClient

    def result(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Properties:
        """Send a request, and return the ``result`` of the answer."""
        return self._request(method, path, body)["result"]

    def list(self, path: str, query: Mapping[str, Any]) -> Iterator[Properties]:
        """Return all objects of a listing, from all pages."""
        page = 1
        while True:
            following = {} if page == 1 else {"page": page}
            answer = self._request("GET", path, query={**query, **following})
            yield from elements(answer["result"])
            if page >= members(answer.get("result_info")).get("total_pages", 1):
                return
            page += 1

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Properties:
        url = f"{self.base_url.rstrip('/')}/{path}"
        ordered = dict(sorted(query.items())) if query else None
        try:
            response, _ = self.http.request(method, url, body, ordered)
        except StatusError:
            raise
        except ProviderError as error:
            raise ProviderError(f"failed to make http request: {error}") from error
        if response.is_success:
            return response.json()
        raise StatusError(
            response.status_code,
            f'failed to make http request: {method} "{response.request.url}": '
            f"{response.status_code} {response.reason_phrase} {response.text}",
        )
