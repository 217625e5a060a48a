"""Checks the Cloudflare token, which may read zones and edit DNS records."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from localcloud.api.accounts import ACCOUNTS
from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.envelope import CloudflareError

ACCOUNT_OF = {account.cloudflare_token: account for account in ACCOUNTS}
"""The account of each token."""


def _bearer(request: Request) -> str:
    """Return the request's token; a missing or malformed header is an error."""
    header = request.headers.get("authorization")
    if header is None:
        raise CloudflareError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or not 40 <= len(token) <= 80:
        raise CloudflareError(
            400, 6003, "Invalid request headers", ((6111, "Invalid format for Authorization header"),)
        )
    return token


def authenticated(request: Request) -> None:
    """Reject a request without a valid token."""
    if _bearer(request) not in ACCOUNT_OF:
        raise CloudflareError(403, 10000, "Authentication error")


def verified(request: Request) -> None:
    """Reject a request without a valid token, with the answer of ``/user/tokens/verify``."""
    if _bearer(request) not in ACCOUNT_OF:
        raise CloudflareError(401, 1000, "Invalid API Token")


def cloud_of(request: Request) -> Cloud:
    """Return the local cloud that the app serves, with the account of the request's token, which is valid."""
    cloud: Cloud = request.app.state.cloud
    return cloud.of(ACCOUNT_OF[_bearer(request)])


CloudParam = Annotated[Cloud, Depends(cloud_of)]
