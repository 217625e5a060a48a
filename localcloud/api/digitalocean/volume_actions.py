"""``/v2/volumes/{id}/actions``: attach, detach and resize."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from localcloud.api.action_runner import FIRST_ACTION, start_action
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.digitalocean.volumes import MAX_GIB, get_volume
from localcloud.api.model import Action, Droplet, Volume, now

router = APIRouter(prefix="/v2/volumes")

MAX_ATTACHED = 15


class VolumeAction(BaseModel):
    """The body of an action request on a volume."""

    type: Literal["attach", "detach", "resize"]
    droplet_id: int | None = None
    region: str | None = None
    size_gigabytes: Annotated[int, Field(ge=1, le=MAX_GIB)] | None = None


class NamedVolumeAction(VolumeAction):
    """The body of an action request on the volume with a name in a region."""

    volume_name: str


@router.post("/actions", status_code=202, dependencies=[require("block_storage_action:create")])
async def post_by_name(wanted: NamedVolumeAction, cloud: CloudParam) -> Any:
    """Start an action on the volume with a name in a region."""
    for volume in cloud.store.all(Volume):
        if (volume.name, volume.region) == (wanted.volume_name, wanted.region):
            return {"action": views.action(await _start(cloud, volume, wanted))}
    raise not_found()


@router.post("/{volume_id}/actions", status_code=202, dependencies=[require("block_storage_action:create")])
async def post(volume_id: str, wanted: VolumeAction, cloud: CloudParam) -> Any:
    """Start an action on a volume."""
    return {"action": views.action(await _start(cloud, get_volume(cloud, volume_id), wanted))}


async def _start(cloud: Cloud, volume: Volume, wanted: VolumeAction) -> Action:
    if wanted.region and wanted.region != volume.region:
        raise unprocessable(f"region {wanted.region!r} is not the volume's, which is {volume.region!r}")
    if wanted.type == "resize":
        return await _resize(cloud, volume, wanted.size_gigabytes)
    if wanted.droplet_id is None:
        raise unprocessable("droplet_id: Field required")
    droplet = cloud.store.find(Droplet, wanted.droplet_id)
    if droplet is None:
        raise not_found()
    if wanted.type == "attach":
        _check_attach(volume, droplet)
    elif volume.droplet != droplet.id:
        raise unprocessable("Attachment not found")
    if droplet.pending is not None:
        raise unprocessable("Droplet already has a pending event.")
    return start_action(cloud, droplet, f"{wanted.type}_volume", volume=volume)


def _check_attach(volume: Volume, droplet: Droplet) -> None:
    if volume.droplet is not None:
        raise unprocessable(f"volume is already attached to Droplet {volume.droplet}")
    if volume.region != droplet.region:
        raise unprocessable(
            f"volume is in {volume.region}, Droplet {droplet.id} in {droplet.region}: both must be in one region"
        )
    if len(droplet.volumes) >= MAX_ATTACHED:
        raise unprocessable(f"Droplet {droplet.id} has {MAX_ATTACHED} volumes attached, which is the maximum")


async def _resize(cloud: Cloud, volume: Volume, size: int | None) -> Action:
    if size is None or size <= volume.size_gigabytes:
        raise unprocessable(
            f"size_gigabytes is {size}: volumes may only be resized upwards, from {volume.size_gigabytes}"
        )
    await cloud.host.resize_volume(volume.name, size)
    action = Action(
        id=cloud.store.next("action", FIRST_ACTION),
        type="resize",
        status="completed",
        completed_at=now(),
        resource_type="backend",
        resource_id=None,
        region=volume.region,
        volume=volume.id,
    )
    current = get_volume(cloud, volume.id)
    with cloud.store.transaction():
        cloud.store.put(current.model_copy(update={"size_gigabytes": size}))
        cloud.store.put(action)
    return action


@router.get("/{volume_id}/actions", dependencies=[require("block_storage_action:read")])
async def list_(volume_id: str, cloud: CloudParam, pager: PagerParam) -> Any:
    """List the actions of a volume, the latest first."""
    get_volume(cloud, volume_id)
    actions = [action for action in cloud.store.all(Action) if action.volume == volume_id]
    return pager("actions", actions[::-1], views.action)


@router.get("/{volume_id}/actions/{action_id}", dependencies=[require("block_storage_action:read")])
async def get(volume_id: str, action_id: int, cloud: CloudParam) -> Any:
    """Return one action of a volume."""
    action = cloud.store.find(Action, action_id)
    if action is None or action.volume != volume_id:
        raise not_found()
    return {"action": views.action(action)}
