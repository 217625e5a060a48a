"""The DigitalOcean API as one ASGI app."""

from __future__ import annotations

from fastapi import FastAPI

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import (
    account,
    actions,
    alerts,
    droplet_actions,
    droplets,
    errors,
    firewalls,
    keys,
    regions_sizes_images,
    tags,
    volume_actions,
    volumes,
    vpcs,
)


def digitalocean_app(cloud: Cloud) -> FastAPI:
    """Return the app of DigitalOcean API v2, without the rate limit, which ``RateLimited`` adds."""
    app = FastAPI(title="DigitalOcean API v2", openapi_url=None, redirect_slashes=False)
    app.state.cloud = cloud
    errors.install(app)
    for router in (
        account.router,
        actions.router,
        alerts.router,
        droplet_actions.router,  # Before droplets, since /v2/droplets/actions would match as a droplet's id.
        droplets.router,
        firewalls.router,
        keys.router,
        regions_sizes_images.router,
        tags.router,
        volume_actions.router,
        volumes.router,
        vpcs.router,
    ):
        app.include_router(router)
    return app
