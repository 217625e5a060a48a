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
    offers,
    tags,
    volume_actions,
    volumes,
    vpcs,
)
from localcloud.api.store import Store
from localcloud.machines.interface import NoMachines


def digitalocean_app(cloud: Cloud) -> FastAPI:
    """DigitalOcean API v2 over a local cloud, without its rate limit (``RateLimited`` adds it)."""
    app = FastAPI(title="DigitalOcean API v2", openapi_url=None, redirect_slashes=False)
    app.state.cloud = cloud
    app.state.strangers_cloud = Cloud(Store(), NoMachines(), cloud.limits)
    errors.install(app)
    for router in (
        account.router,
        actions.router,
        alerts.router,
        droplet_actions.router,  # before droplets: /v2/droplets/actions is no droplet
        droplets.router,
        firewalls.router,
        keys.router,
        offers.router,
        tags.router,
        volume_actions.router,
        volumes.router,
        vpcs.router,
    ):
        app.include_router(router)
    return app
