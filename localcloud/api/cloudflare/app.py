"""The Cloudflare API as one ASGI app."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare import envelope, records, tokens, zones

PREFIX = "/client/v4"


def cloudflare_app(cloud: Cloud) -> FastAPI:
    """Return the app of Cloudflare API v4."""
    app = FastAPI(title="Cloudflare API v4", openapi_url=None, redirect_slashes=False)
    app.state.cloud = cloud
    envelope.install(app)

    @app.middleware("http")
    async def name_request(  # pyright: ignore[reportUnusedFunction]
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        response.headers["cf-ray"] = f"{secrets.token_hex(8)}-FRA"
        return response

    for router in (tokens.router, zones.router, records.router):
        app.include_router(router, prefix=PREFIX)
    return app
