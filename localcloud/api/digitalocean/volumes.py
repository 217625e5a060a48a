"""``/v2/volumes``: block storage."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from localcloud.api.catalog import REGIONS
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import tagging, views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import DigitalOceanError, not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import Volume

router = APIRouter(prefix="/v2/volumes")

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
MAX_GIB = 16 * 1024
LABEL_LIMITS = {"ext4": 16, "xfs": 12}


class CreateVolume(BaseModel):
    """The body of a request that creates a volume."""

    name: str
    region: str
    size_gigabytes: Annotated[int, Field(ge=1, le=MAX_GIB)]
    description: str | None = ""
    snapshot_id: str | None = ""
    filesystem_type: Literal["", "ext4", "xfs"] | None = ""
    filesystem_label: str | None = ""
    tags: list[str] | None = None


def get_volume(cloud: Cloud, volume_id: str) -> Volume:
    """Return a volume; a missing one is a 404."""
    volume = cloud.store.find(Volume, volume_id)
    if volume is None:
        raise not_found()
    return volume


@router.post("", status_code=201, dependencies=[require("block_storage:create")])
async def create(wanted: CreateVolume, cloud: CloudParam) -> Any:
    """Create a volume, formatted if the request has a file system."""
    filesystem, label = wanted.filesystem_type or "", wanted.filesystem_label or ""
    if not NAME.fullmatch(wanted.name):
        raise unprocessable(
            "Volume name must be lowercase and be composed only of numbers, letters and '-', "
            "up to a limit of 64 characters, and must begin with a letter"
        )
    if wanted.region not in REGIONS:
        raise unprocessable(f"region {wanted.region!r} is invalid")
    if wanted.snapshot_id:
        raise unprocessable("snapshot_id: the local cloud has no volume snapshots")
    if filesystem and len(label) > LABEL_LIMITS[filesystem]:
        raise unprocessable(
            f"filesystem_label is longer than the {LABEL_LIMITS[filesystem]} characters of {filesystem}"
        )
    if any(volume.name == wanted.name for volume in cloud.store.all(Volume)):
        raise DigitalOceanError(409, f"volume with the name {wanted.name!r} already exists")
    if any(volume.name == wanted.name for volume in cloud.store.everywhere(Volume)):
        raise unprocessable(
            f"another account of the local cloud has a volume {wanted.name!r}: use another name"
        )
    id_ = str(uuid.uuid4())
    try:
        tags = tagging.ensure(cloud.store, wanted.tags or [], f"/v2/volumes/{id_}")
    except tagging.InvalidTagError as error:
        raise unprocessable(str(error)) from error
    volume = Volume(
        id=id_,
        name=wanted.name,
        region=wanted.region,
        size_gigabytes=wanted.size_gigabytes,
        description=wanted.description or "",
        filesystem_type=filesystem,
        filesystem_label=label,
        tags=tags,
    )
    cloud.store.put(volume)  # Before the work, so that a second request with this name is rejected meanwhile.
    try:
        await cloud.host.create_volume(volume.name, volume.size_gigabytes, filesystem, label)
    except Exception:
        cloud.store.delete(volume)
        raise
    return {"volume": views.volume(volume)}


@router.get("", dependencies=[require("block_storage:read")])
async def list_(cloud: CloudParam, pager: PagerParam, name: str = "", region: str = "") -> Any:
    """List all volumes, or those with a name, in a region, or both."""
    volumes = [
        volume
        for volume in cloud.store.all(Volume)
        if name in {"", volume.name} and region in {"", volume.region}
    ]
    return pager("volumes", volumes, views.volume)


@router.get("/{volume_id}", dependencies=[require("block_storage:read")])
async def get(volume_id: str, cloud: CloudParam) -> Any:
    """Return one volume."""
    return {"volume": views.volume(get_volume(cloud, volume_id))}


@router.delete("/{volume_id}", status_code=204, dependencies=[require("block_storage:delete")])
async def delete(volume_id: str, cloud: CloudParam) -> Response:
    """Delete a volume with its data. An attached volume cannot be deleted."""
    await _delete(cloud, get_volume(cloud, volume_id))
    return Response(status_code=204)


@router.delete("", status_code=204, dependencies=[require("block_storage:delete")])
async def delete_by_name(
    cloud: CloudParam, name: Annotated[str, Query(min_length=1)], region: Annotated[str, Query(min_length=1)]
) -> Response:
    """Delete the volume with a name in a region."""
    for volume in cloud.store.all(Volume):
        if (volume.name, volume.region) == (name, region):
            await _delete(cloud, volume)
            return Response(status_code=204)
    raise not_found()


async def _delete(cloud: Cloud, volume: Volume) -> None:
    if volume.droplet is not None:
        raise DigitalOceanError(
            409, "A volume that's attached to a Droplet cannot be deleted. Please detach it before deleting."
        )
    await cloud.host.delete_volume(volume.name)
    cloud.store.delete(volume)
