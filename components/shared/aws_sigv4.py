"""AWS Signature Version 4 for S3, in the ``Authorization`` header.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. docs/decisions/node-tools.md says why
``curl`` does not do it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256().hexdigest()
"""The hash of a request without a body."""


@dataclass(frozen=True)
class AccessKey:
    """An access key and its secret."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class SignableRequest:
    """The parts of a request that are signed."""

    method: str
    host: str
    path: str
    """The path from its first slash, not encoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body_sha256: str
    """SHA-256 of the body, in hexadecimal."""

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        query = encoded_query(self.query)
        return encoded_path(self.path) + (f"?{query}" if query else "")


def signed_headers(request: SignableRequest, key: AccessKey, region: str, now: datetime) -> dict[str, str]:
    """All headers to send: the request's own, and those of the signature. ``now`` is in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    headers |= {"host": request.host, "x-amz-content-sha256": request.body_sha256, "x-amz-date": stamp}
    names = sorted(headers)
    canonical = "\n".join(
        [
            request.method,
            encoded_path(request.path),
            encoded_query(request.query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            request.body_sha256,
        ]
    )
    scope = [stamp[:8], region, "s3", "aws4_request"]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, stamp, "/".join(scope), digest])
    signature = f"AWS4{key.secret}".encode()
    for part in [*scope, text]:
        signature = hmac.digest(signature, part.encode(), "sha256")
    credential = f"{key.id}/{'/'.join(scope)}"
    return headers | {
        "authorization": f"{ALGORITHM} Credential={credential},SignedHeaders={';'.join(names)},"
        f"Signature={signature.hex()}"
    }


def encoded_path(path: str) -> str:
    """A path in which only slashes and the unreserved characters of RFC 3986 are not encoded."""
    return quote(path, safe="/-_.~")


def encoded_query(query: Mapping[str, str]) -> str:
    """A query in the order in which it is signed."""
    return "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
