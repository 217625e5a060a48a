"""``/v2/droplets``: create, list, get and delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from localcloud.api.action_runner import start_action
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import tagging, views
from localcloud.api.digitalocean.access import CloudParam, ScopesParam, demand, require
from localcloud.api.digitalocean.droplet_creation import CreateDroplet, check, place
from localcloud.api.digitalocean.errors import not_found, unprocessable
from localcloud.api.digitalocean.listing import listed
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.filters import applies
from localcloud.api.model import Droplet, Firewall

router = APIRouter(prefix="/v2/droplets")


@router.post("", status_code=202, dependencies=[require("droplet:create")])
async def create(wanted: CreateDroplet, cloud: CloudParam, scopes: ScopesParam, request: Request) -> Any:
    """Create one droplet (``name``) or up to ten (``names``)."""
    actions = [start_action(cloud, droplet, "create") for droplet in place(check(wanted, cloud), cloud.store)]
    bodies = [views.droplet(get_droplet(cloud, action.resource_id or 0), scopes) for action in actions]
    links = [
        {"id": action.id, "rel": "create", "href": f"{request.base_url}v2/actions/{action.id}"}
        for action in actions
    ]
    if wanted.names is not None:
        return {"droplets": bodies, "links": {"actions": links}}
    return {"droplet": bodies[0], "links": {"actions": links}}


@router.get("", dependencies=[require("droplet:read")])
async def list_(  # noqa: PLR0917 - query parameters
    request: Request,
    cloud: CloudParam,
    scopes: ScopesParam,
    pager: PagerParam,
    tag_name: str = "",
    name: str = "",
    type: str = "",  # noqa: A002
) -> Any:
    """List all droplets, or those with a tag or a name. No droplet has the type ``gpus``."""
    droplets = listed(cloud, request.scope)
    if tag_name:
        demand(scopes, "tag:read")
        droplets = tagging.tagged(droplets, tag_name)
    if name:
        droplets = [droplet for droplet in droplets if droplet.name == name]
    if type == "gpus":
        droplets = []
    return pager("droplets", droplets, lambda droplet: views.droplet(droplet, scopes))


def get_droplet(cloud: Cloud, droplet_id: int) -> Droplet:
    """Return a droplet; a missing one is a 404."""
    droplet = cloud.store.find(Droplet, droplet_id)
    if droplet is None:
        raise not_found()
    return droplet


@router.get("/{droplet_id}", dependencies=[require("droplet:read")])
async def get(droplet_id: int, cloud: CloudParam, scopes: ScopesParam) -> Any:
    """Return one droplet."""
    return {"droplet": views.droplet(get_droplet(cloud, droplet_id), scopes)}


@router.delete("/{droplet_id}", status_code=204, dependencies=[require("droplet:delete")])
async def delete(droplet_id: int, cloud: CloudParam) -> Response:
    """Delete a droplet. It stays in the API until its machine is deleted."""
    _delete(cloud, get_droplet(cloud, droplet_id))
    return Response(status_code=204)


@router.delete("", status_code=204, dependencies=[require("droplet:delete", "tag:read")])
async def delete_by_tag(cloud: CloudParam, tag_name: Annotated[str, Query(min_length=1)]) -> Response:
    """Delete every droplet with a tag."""
    for droplet in tagging.tagged(cloud.store.all(Droplet), tag_name):
        _delete(cloud, droplet)
    return Response(status_code=204)


def _delete(cloud: Cloud, droplet: Droplet) -> None:
    if droplet.pending is not None:
        raise unprocessable("Droplet already has a pending event.")
    start_action(cloud, droplet, "destroy")


@router.get("/{droplet_id}/firewalls", dependencies=[require("firewall:read")])
async def firewalls(droplet_id: int, cloud: CloudParam, pager: PagerParam) -> Any:
    """List the firewalls that apply to a droplet, by its id or by a tag."""
    droplet = get_droplet(cloud, droplet_id)
    mine = [firewall for firewall in cloud.store.all(Firewall) if applies(firewall, droplet)]
    return pager("firewalls", mine, views.firewall)
