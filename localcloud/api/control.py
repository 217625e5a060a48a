"""The control API: it shows requests and injects faults, over a Unix socket with mode 0600."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Query, Response

from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.app import cloudflare_app
from localcloud.api.digitalocean.app import digitalocean_app
from localcloud.api.machine_control import machine_control
from localcloud.api.model import Droplet
from localcloud.api.traffic import ActiveFault, Fault, Traffic

LONGEST_WAIT = 60.0
"""Seconds for which ``GET /changes`` waits at most."""


def control_app(
    traffic: Traffic,
    ready: Callable[[], bool],
    faults_changed: Callable[[], Awaitable[None]],
    cloud: Cloud,
) -> FastAPI:
    """Return the app of the control API.

    - ``GET /ready`` tells whether all services answer.
    - ``GET`` and ``DELETE /requests`` show and clear the recorded requests.
    - ``GET /changes`` waits for a change. It shows the requests after the one with the number ``after``.
    - ``GET``, ``PUT`` and ``DELETE /faults`` show, replace and clear the faults.
    - ``POST /faults`` adds one besides the others, and ``DELETE /faults/ID`` ends it.
    - ``/digitalocean/v2`` is the DigitalOcean API, and ``/cloudflare/client/v4`` Cloudflare's, without faults, rate
      limits and records.
    - ``PUT /droplets/ID/features`` changes the features that the DigitalOcean API shows for a droplet.
    - ``PUT /droplet-creation`` pauses and resumes the creation of droplets: meanwhile they stay ``new``.
    - ``PUT /droplet-limit`` sets the droplet limit of each account.
    - ``machine_control.py`` has the routes that disturb machines and the name server.

    ``faults_changed`` is awaited after each change of the faults, before the answer.
    """
    app = FastAPI(title="localcloud control", openapi_url=None, redirect_slashes=False)
    app.mount("/digitalocean", digitalocean_app(cloud))
    app.mount("/cloudflare", cloudflare_app(cloud))
    app.include_router(machine_control(cloud, traffic.changes))

    @app.get("/ready")
    async def get_ready(response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        response.status_code = 200 if ready() else 503
        return {"ready": ready()}

    @app.get("/requests")
    async def get_requests() -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"requests": [request.model_dump() for request in traffic.requests]}

    @app.get("/changes")
    async def get_changes(  # pyright: ignore[reportUnusedFunction]
        since: int = 0, after: int = 0, wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0
    ) -> Any:
        await traffic.changes.wait(since, wait)
        return {
            "version": traffic.changes.version,
            "state": traffic.changes.state,
            "requests": [
                {"number": number, **request.model_dump()}
                for number, request in traffic.requests_after(after).items()
            ],
        }

    @app.delete("/requests", status_code=204)
    async def clear_requests() -> None:  # pyright: ignore[reportUnusedFunction]
        traffic.requests.clear()

    @app.get("/faults")
    async def get_faults() -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"faults": [_shown(active) for active in traffic.active_faults]}

    @app.put("/faults")
    async def set_faults(faults: list[Fault]) -> Any:  # pyright: ignore[reportUnusedFunction]
        traffic.set_faults(faults, _droplets(cloud))
        await faults_changed()
        return {"faults": [_shown(active) for active in traffic.active_faults]}

    @app.post("/faults", status_code=201)
    async def add_fault(fault: Fault) -> Any:  # pyright: ignore[reportUnusedFunction]
        added = traffic.add_fault(fault, _droplets(cloud))
        await faults_changed()
        return _shown(added)

    @app.delete("/faults", status_code=204)
    async def clear_faults() -> None:  # pyright: ignore[reportUnusedFunction]
        traffic.set_faults([], {})
        await faults_changed()

    @app.delete("/faults/{fault_id}", status_code=204)
    async def remove_fault(fault_id: int) -> None:  # pyright: ignore[reportUnusedFunction]
        traffic.remove_fault(fault_id)
        await faults_changed()

    @app.put("/droplets/{droplet_id}/features")
    async def set_features(droplet_id: int, features: list[str]) -> Any:  # pyright: ignore[reportUnusedFunction]
        for each in cloud.all_accounts():
            if droplet := each.store.find(Droplet, droplet_id):
                each.store.put(droplet.model_copy(update={"features": features}))
                return {"features": features}
        raise HTTPException(404, f"droplet {droplet_id} does not exist")

    @app.put("/droplet-creation")
    async def pause_creation(paused: Annotated[bool, Body(embed=True)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        (cloud.creation_allowed.clear if paused else cloud.creation_allowed.set)()
        return {"paused": paused}

    @app.put("/droplet-limit")
    async def limit_droplets(limit: Annotated[int, Body(embed=True)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        cloud.limits = replace(cloud.limits, droplets=limit)
        return {"limit": limit}

    return app


def _shown(active: ActiveFault) -> dict[str, Any]:
    return {"id": active.id, **active.fault.model_dump(exclude_none=True)}


def _droplets(cloud: Cloud) -> dict[str, list[Droplet]]:
    return {each.account.name: each.store.all(Droplet) for each in cloud.all_accounts()}
