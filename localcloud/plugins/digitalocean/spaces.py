"""A client of DigitalOcean's Spaces for buckets, like the provider's S3 client, the AWS SDK for Go.

The SDK puts the bucket's name before the host's name. The local store has only an address, so the name is in the path.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from components.config.proxy import proxy_for
from localcloud.plugins.errors import ProviderError, StatusError
from localcloud.plugins.http_client import TIMEOUTS, prepare

if TYPE_CHECKING:
    import httpx

DEFAULT_ENDPOINT = "https://{{.Region}}.digitaloceanspaces.com"

_EMPTY: Final = hashlib.sha256().hexdigest()
_REGION: Final = "us-east-1"
"""The region for which the provider signs, whatever the bucket's region (its ``config/config.go``)."""


class SpacesError(StatusError):
    """Spaces answered a request with an error. The text is the AWS SDK's."""

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(
            status, f"{code}: {message}\n\tstatus code: {status}, request id: {request_id}, host id: "
        )
        self.code = code
        """S3's error code, such as ``BucketAlreadyExists``."""


@dataclass(frozen=True)
class Spaces:
    """A client for buckets. Its methods raise ``SpacesError``, or ``ProviderError`` without an answer."""

    endpoint: str
    """A URL in which ``{{.Region}}`` is replaced by the bucket's region."""
    access_id: str
    secret_key: str = field(repr=False)

    def create(self, region: str, name: str, acl: str) -> None:
        """PUT /NAME."""
        self._request("PUT", region, name, headers={"x-amz-acl": acl})

    def check(self, region: str, name: str) -> None:
        """HEAD /NAME. Without a body, the SDK's error for an unknown bucket is ``NotFound``."""
        self._request("HEAD", region, name)

    def location(self, region: str, name: str) -> str:
        """GET /NAME?location; empty if the answer has none."""
        answer = self._request("GET", region, name, "location").content
        return ET.fromstring(answer).text or ""  # noqa: S314 - the store's own server

    def delete(self, region: str, name: str) -> None:
        """DELETE /NAME."""
        self._request("DELETE", region, name)

    def _request(
        self, method: str, region: str, name: str, query: str = "", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        if not self.access_id or not self.secret_key:
            raise ProviderError("Spaces credentials not configured")
        context = prepare()
        import httpx  # noqa: PLC0415 - prepare has loaded it

        endpoint = self.endpoint.replace("{{.Region}}", region.lower())
        signed = self._signed(method, urlsplit(endpoint).netloc, f"/{name}", query, headers or {})
        url = f"{endpoint.rstrip('/')}/{name}" + (f"?{query}" if query else "")
        try:
            response = httpx.request(
                method,
                url,
                headers=signed,
                timeout=TIMEOUTS,
                verify=context,
                proxy=proxy_for(url),
                trust_env=False,
            )
        except httpx.TransportError as error:
            raise ProviderError(
                f"RequestError: send request failed\ncaused by: {method} {url}: {error}"
            ) from error
        if response.is_success:
            return response
        raise _refusal(response)

    def _signed(
        self, method: str, host: str, path: str, query: str, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Add a Signature Version 4 (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html)."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = {**headers, "host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": stamp}
        names = ";".join(sorted(signed))
        lines = [f"{key}:{signed[key]}" for key in sorted(signed)]
        request = "\n".join([method, path, f"{query}=" if query else "", *lines, "", names, _EMPTY])
        scope = f"{stamp[:8]}/{_REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in [*scope.split("/"), text]:
            key = hmac.digest(key, part.encode(), "sha256")
        credential = f"Credential={self.access_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        return {**signed, "authorization": f"AWS4-HMAC-SHA256 {credential}"}


def _refusal(response: httpx.Response) -> SpacesError:
    code, message = {403: "Forbidden", 404: "NotFound"}.get(response.status_code, ""), ""
    if response.content:
        error = ET.fromstring(response.content)  # noqa: S314 - the bucket's own server
        code, message = (error.findtext(f"{{*}}{key}", "") for key in ("Code", "Message"))
    return SpacesError(response.status_code, code, message, response.headers.get("x-amz-request-id", ""))
