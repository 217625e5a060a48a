"""The Cloudflare API as one ASGI app."""

from __future__ import annotations

from fastapi import FastAPI

from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare import envelope, records, tokens, zones

PREFIX = "/client/v4"


def cloudflare_app(cloud: Cloud) -> FastAPI:
    """Cloudflare API v4 over a local cloud."""
    app = FastAPI(title="Cloudflare API v4", openapi_url=None, redirect_slashes=False)
    app.state.cloud = cloud
    envelope.install(app)
    for router in (tokens.router, zones.router, records.router):
        app.include_router(router, prefix=PREFIX)
    return app
