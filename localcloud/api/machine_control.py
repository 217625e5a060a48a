"""The control API's part that disturbs machines and the name server, as no real cloud would."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException

from localcloud.api.changes import Changes
from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet
from localcloud.machines.errors import LocalCloudError

Switch = Annotated[bool, Body(embed=True)]


def machine_control(cloud: Cloud, changes: Changes) -> APIRouter:
    """Return the routes.

    - ``GET /interference`` shows which droplets are paused and cut off, and whether the name server is paused.
    - ``PUT /droplets/ID/paused`` pauses a droplet's machine, or lets it go on.
    - ``PUT /droplets/ID/cut-off`` drops all packets of a droplet's machine, or lets them pass again.
    - ``POST /droplets/ID/wipe`` deletes the data of a machine's etcd, and starts it without any.
    - ``PUT /name-server`` pauses the name server, so that queries time out, or lets it go on.
    """
    router = APIRouter()

    def existing(droplet_id: int) -> int:
        if not any(droplet.id == droplet_id for droplet in cloud.store.everywhere(Droplet)):
            raise HTTPException(404, f"droplet {droplet_id} does not exist")
        return droplet_id

    @router.get("/interference")
    async def get_interference() -> Any:  # pyright: ignore[reportUnusedFunction]
        now = await cloud.host.interference()
        return {
            "paused": sorted(now.paused),
            "cut_off": sorted(now.cut_off),
            "name_server_paused": now.name_server_paused,
        }

    @router.put("/droplets/{droplet_id}/paused", status_code=204)
    async def set_paused(droplet_id: int, paused: Switch) -> None:  # pyright: ignore[reportUnusedFunction]
        with _told(changes):
            await cloud.host.set_paused(existing(droplet_id), paused=paused)

    @router.put("/droplets/{droplet_id}/cut-off", status_code=204)
    async def set_cut_off(droplet_id: int, cut_off: Switch) -> None:  # pyright: ignore[reportUnusedFunction]
        with _told(changes):
            await cloud.host.set_cut_off(existing(droplet_id), cut_off=cut_off)

    @router.post("/droplets/{droplet_id}/wipe", status_code=204)
    async def wipe(droplet_id: int) -> None:  # pyright: ignore[reportUnusedFunction]
        with _told(changes):
            await cloud.host.wipe(existing(droplet_id))

    @router.put("/name-server", status_code=204)
    async def set_name_server(paused: Switch) -> None:  # pyright: ignore[reportUnusedFunction]
        with _told(changes):
            await cloud.host.set_name_server_paused(paused=paused)

    return router


@contextmanager
def _told(changes: Changes) -> Generator[None]:
    """Tell clients of a change. An error of a machine is a 409."""
    try:
        yield
    except LocalCloudError as error:
        raise HTTPException(409, str(error)) from error
    changes.state_changed()
