"""Who may do what at Cloudflare: one API token, which can read zones and edit DNS."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.envelope import ApiError
from localcloud.tokens import CLOUDFLARE_TOKEN


def _bearer(request: Request) -> str:
    """The request's token; a header that holds none is refused before anything is looked up."""
    header = request.headers.get("authorization")
    if header is None:
        raise ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or not 40 <= len(token) <= 80:
        raise ApiError(
            400, 6003, "Invalid request headers", ((6111, "Invalid format for Authorization header"),)
        )
    return token


def authenticated(request: Request) -> None:
    """Refuse a request without a valid token."""
    if _bearer(request) != CLOUDFLARE_TOKEN:
        raise ApiError(403, 10000, "Authentication error")


def verified(request: Request) -> None:
    """As ``authenticated``, with the answer that verifying a token has."""
    if _bearer(request) != CLOUDFLARE_TOKEN:
        raise ApiError(401, 1000, "Invalid API Token")


def cloud_of(request: Request) -> Cloud:
    """The local cloud that the app serves."""
    return request.app.state.cloud


CloudParam = Annotated[Cloud, Depends(cloud_of)]
