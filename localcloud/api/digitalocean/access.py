"""Checks tokens and their scopes, which are named as in DigitalOcean's API reference."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from localcloud.api.accounts import ACCOUNTS, BY_TOKEN, FIRST
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean.errors import DigitalOceanError

SCOPES = {token: scopes for account in ACCOUNTS for token, scopes in account.scopes.items()}
"""The scopes of each token; ``None`` is full access."""


def bearer(authorization: str) -> str:
    """Return the token of an Authorization header, or an empty text."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def scopes_of(request: Request) -> frozenset[str] | None:
    """Return the scopes of the request's token; ``None`` is full access. An unknown token is a 401."""
    token = bearer(request.headers.get("authorization", ""))
    if token not in SCOPES:
        raise DigitalOceanError(401, "Unable to authenticate you")
    return SCOPES[token]


def may(scopes: frozenset[str] | None, scope: str) -> bool:
    """Return whether these scopes contain ``scope``."""
    return scopes is None or scope in scopes


def require(*needed: str) -> Any:
    """Return a route's dependency that answers 403 unless the token has these scopes."""

    def check(scopes: Annotated[frozenset[str] | None, Depends(scopes_of)]) -> None:
        demand(scopes, *needed)

    return Depends(check)


def demand(scopes: frozenset[str] | None, *needed: str) -> None:
    """Raise a 403 unless these scopes contain the needed ones."""
    missing = [scope for scope in needed if not may(scopes, scope)]
    if missing:
        raise DigitalOceanError(403, f"You are missing the required permission {', '.join(missing)}.")


def cloud_of(request: Request) -> Cloud:
    """Return the local cloud that the app serves, with the account of the request's token."""
    cloud: Cloud = request.app.state.cloud
    return cloud.of(BY_TOKEN.get(bearer(request.headers.get("authorization", "")), FIRST))


CloudParam = Annotated[Cloud, Depends(cloud_of)]
ScopesParam = Annotated[frozenset[str] | None, Depends(scopes_of)]
