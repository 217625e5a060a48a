"""Who may do what: bearer tokens and their scopes, named as in DigitalOcean's API reference."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean.errors import ApiError
from localcloud.tokens import DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN, SCOPELESS_TOKEN, STRANGERS_TOKEN

SCOPES: dict[str, frozenset[str] | None] = {
    DIGITALOCEAN_TOKEN: None,
    DISCOVERY_TOKEN: frozenset({"droplet:read", "tag:read"}),
    SCOPELESS_TOKEN: frozenset(),
    STRANGERS_TOKEN: None,
}
"""What each token may do; ``None`` is full access."""


def bearer(authorization: str) -> str:
    """The token of an Authorization header, or an empty text."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def scopes_of(request: Request) -> frozenset[str] | None:
    """The scopes of the request's token; ``None`` is full access. An unknown token is a 401."""
    token = bearer(request.headers.get("authorization", ""))
    if token not in SCOPES:
        raise ApiError(401, "Unable to authenticate you")
    return SCOPES[token]


def may(scopes: frozenset[str] | None, scope: str) -> bool:
    """Whether these scopes include one."""
    return scopes is None or scope in scopes


def require(*needed: str) -> Any:
    """A route's dependency: the token must have these scopes, or the answer is a 403 that says which."""

    def check(scopes: Annotated[frozenset[str] | None, Depends(scopes_of)]) -> None:
        missing = [scope for scope in needed if not may(scopes, scope)]
        if missing:
            raise ApiError(403, f"You are missing the required permission {', '.join(missing)}.")

    return Depends(check)


def cloud_of(request: Request) -> Cloud:
    """The local cloud that the app serves, or the empty one of another team."""
    if bearer(request.headers.get("authorization", "")) == STRANGERS_TOKEN:
        return request.app.state.strangers_cloud
    return request.app.state.cloud


CloudParam = Annotated[Cloud, Depends(cloud_of)]
ScopesParam = Annotated[frozenset[str] | None, Depends(scopes_of)]
