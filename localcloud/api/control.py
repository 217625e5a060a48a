"""The control API: no cloud's, for whoever runs the local cloud, over a Unix socket of mode 0600."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Response

from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet
from localcloud.api.observation import Fault, Observation


def control_app(
    observation: Observation,
    ready: Callable[[], bool],
    faults_changed: Callable[[], Awaitable[None]],
    cloud: Cloud,
) -> FastAPI:
    """``GET /ready``; ``GET`` and ``DELETE /requests``; ``GET``, ``PUT`` and ``DELETE /faults``; and
    ``PUT /droplets/ID/features``, which changes what the DigitalOcean API says of a droplet; ``PUT /births``, which
    holds new droplets in their state ``new``, or lets them go on; and ``PUT /droplet-limit`` of the account.

    ``faults_changed`` is awaited after each change, before it is answered.
    """
    app = FastAPI(title="localcloud control", openapi_url=None, redirect_slashes=False)

    @app.get("/ready")
    async def get_ready(response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        response.status_code = 200 if ready() else 503
        return {"ready": ready()}

    @app.get("/requests")
    async def get_requests() -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"requests": [request.model_dump() for request in observation.requests]}

    @app.delete("/requests", status_code=204)
    async def clear_requests() -> None:  # pyright: ignore[reportUnusedFunction]
        observation.requests.clear()

    @app.get("/faults")
    async def get_faults() -> Any:  # pyright: ignore[reportUnusedFunction]
        return {"faults": [armed.fault.model_dump(exclude_none=True) for armed in observation.armed]}

    @app.put("/faults")
    async def set_faults(faults: list[Fault]) -> Any:  # pyright: ignore[reportUnusedFunction]
        observation.arm(faults)
        await faults_changed()
        return {"faults": [fault.model_dump(exclude_none=True) for fault in faults]}

    @app.delete("/faults", status_code=204)
    async def clear_faults() -> None:  # pyright: ignore[reportUnusedFunction]
        observation.arm([])
        await faults_changed()

    @app.put("/droplets/{droplet_id}/features")
    async def set_features(droplet_id: int, features: list[str]) -> Any:  # pyright: ignore[reportUnusedFunction]
        droplet = cloud.store.find(Droplet, droplet_id)
        if droplet is None:
            raise HTTPException(404, f"there is no droplet {droplet_id}")
        cloud.store.put(droplet.model_copy(update={"features": features}))
        return {"features": features}

    @app.put("/births")
    async def hold_births(held: Annotated[bool, Body(embed=True)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        (cloud.births.clear if held else cloud.births.set)()
        return {"held": held}

    @app.put("/droplet-limit")
    async def limit_droplets(limit: Annotated[int, Body(embed=True)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        cloud.limits = replace(cloud.limits, droplets=limit)
        return {"limit": limit}

    return app
