"""AWS Signature Version 4, as S3 wants it in the ``Authorization`` header.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256().hexdigest()
"""The payload's hash of a request without a body."""


@dataclass(frozen=True)
class Keys:
    """An access key and its secret."""

    access: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Call:
    """The parts of a request that are signed."""

    method: str
    host: str
    path: str
    """From the first slash, not encoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    payload: str
    """SHA-256 of the body, in hexadecimal."""

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        query = encoded_query(self.query)
        return encoded_path(self.path) + (f"?{query}" if query else "")


def signed_headers(call: Call, keys: Keys, region: str, now: datetime) -> dict[str, str]:
    """All headers to send: those of the call, and the signature with what belongs to it. ``now`` is in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): " ".join(value.split()) for name, value in call.headers.items()}
    headers |= {"host": call.host, "x-amz-content-sha256": call.payload, "x-amz-date": stamp}
    names = sorted(headers)
    canonical = "\n".join(
        [
            call.method,
            encoded_path(call.path),
            encoded_query(call.query),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            call.payload,
        ]
    )
    scope = [stamp[:8], region, "s3", "aws4_request"]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, stamp, "/".join(scope), digest])
    key = f"AWS4{keys.secret}".encode()
    for part in [*scope, text]:
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"{keys.access}/{'/'.join(scope)}"
    return headers | {
        "authorization": f"{ALGORITHM} Credential={credential},SignedHeaders={';'.join(names)},Signature={key.hex()}"
    }


def encoded_path(path: str) -> str:
    """A path with all but RFC 3986's unreserved characters and slashes encoded."""
    return quote(path, safe="/-_.~")


def encoded_query(query: Mapping[str, str]) -> str:
    """A query in the order in which it is signed."""
    return "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
