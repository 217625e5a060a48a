"""``/v2/droplets/{id}/actions``: power, size, name and other changes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from localcloud.api.action_runner import start_action
from localcloud.api.catalog import SIZES, find_image
from localcloud.api.digitalocean import tagging, views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.droplet_creation import HOSTNAME
from localcloud.api.digitalocean.droplets import get_droplet
from localcloud.api.digitalocean.errors import not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import Action, Droplet

router = APIRouter(prefix="/v2/droplets")

BY_TAG = {"power_cycle", "power_on", "power_off", "shutdown", "enable_backups", "disable_backups"}


class DropletAction(BaseModel):
    """The body of an action request. The type determines the other fields."""

    type: str
    size: str | None = None
    disk: bool | None = False
    name: str | None = None
    image: str | int | None = None


@router.post("/actions", status_code=201, dependencies=[require("droplet:update", "tag:read")])
async def post_by_tag(
    wanted: DropletAction, cloud: CloudParam, tag_name: Annotated[str, Query(min_length=1)]
) -> Any:
    """Start an action on every droplet with a tag, or on none if one of them cannot run it."""
    if wanted.type not in BY_TAG:
        raise unprocessable(
            f"{wanted.type} is not an action on a tag: use one of {', '.join(sorted(BY_TAG))}"
        )
    droplets = tagging.tagged(cloud.store.all(Droplet), tag_name)
    ready = [(droplet, _check(droplet, wanted)) for droplet in droplets]
    actions = [start_action(cloud, droplet, wanted.type, arguments) for droplet, arguments in ready]
    return {"actions": [views.action(action) for action in actions]}


@router.post("/{droplet_id}/actions", status_code=201, dependencies=[require("droplet:update")])
async def post(droplet_id: int, wanted: DropletAction, cloud: CloudParam) -> Any:
    """Start an action on a droplet."""
    droplet = get_droplet(cloud, droplet_id)
    return {"action": views.action(start_action(cloud, droplet, wanted.type, _check(droplet, wanted)))}


def _check(droplet: Droplet, wanted: DropletAction) -> dict[str, object]:
    """Return the arguments of an action; an action that the droplet cannot run now is a 422."""
    if droplet.pending is not None:
        raise unprocessable("Droplet already has a pending event.")
    match wanted.type:
        # DigitalOcean accepts a shutdown of a droplet that is off, and an interrupted deletion depends on it.
        case "reboot" | "power_off" if droplet.status != "active":
            raise unprocessable("Droplet is already powered off.")
        case "power_on" if droplet.status == "active":
            raise unprocessable("Droplet is already powered on.")
        case "resize":
            return _check_resize(droplet, wanted)
        case "rename":
            if not HOSTNAME.fullmatch(wanted.name or ""):
                raise unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
            return {"name": wanted.name}
        case "rebuild":
            image = find_image(wanted.image or "")
            if image is None or not image.boots:
                raise unprocessable("You specified an invalid image for Droplet rebuild.")
            return {"image": image.slug}
        case (
            "reboot"
            | "shutdown"
            | "power_off"
            | "power_on"
            | "power_cycle"
            | "enable_backups"
            | "disable_backups"
        ):
            return {}
        case _:
            raise unprocessable(f"the local cloud does not have the action {wanted.type}")


def _check_resize(droplet: Droplet, wanted: DropletAction) -> dict[str, object]:
    size = SIZES.get(wanted.size or "")
    if size is None:
        raise unprocessable("You specified an invalid size.")
    if droplet.region not in size.regions:
        raise unprocessable("Size is not available in this region.")
    if droplet.status != "off":
        raise unprocessable("Droplet is currently on. Please power it off to run this event.")
    if size.disk_gib < droplet.disk_gib:
        raise unprocessable("This size is not available because it has a smaller disk.")
    return {"size": size.slug, "disk": bool(wanted.disk)}


@router.get("/{droplet_id}/actions", dependencies=[require("droplet:read")])
async def list_(droplet_id: int, cloud: CloudParam, pager: PagerParam) -> Any:
    """List the actions of a droplet, the latest first."""
    get_droplet(cloud, droplet_id)
    actions = [action for action in cloud.store.all(Action) if action.resource_id == droplet_id]
    return pager("actions", actions[::-1], views.action)


@router.get("/{droplet_id}/actions/{action_id}", dependencies=[require("droplet:read")])
async def get(droplet_id: int, action_id: int, cloud: CloudParam) -> Any:
    """Return one action of a droplet."""
    action = cloud.store.find(Action, action_id)
    if action is None or action.resource_id != droplet_id:
        raise not_found()
    return {"action": views.action(action)}
