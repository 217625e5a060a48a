"""``/v2/tags``: tags and the resources that have them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import tagging, views
from localcloud.api.digitalocean.access import CloudParam, ScopesParam, require
from localcloud.api.digitalocean.errors import not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import Droplet, Firewall, Tag, Volume

router = APIRouter(prefix="/v2/tags")


class CreateTag(BaseModel):
    """The body of a request that creates a tag."""

    name: str


class TaggedResource(BaseModel):
    """A resource to tag or untag."""

    resource_id: Annotated[str, BeforeValidator(str)]
    resource_type: str


class Resources(BaseModel):
    """The body of a request that tags or untags."""

    resources: list[TaggedResource]


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _get(cloud: Cloud, name: str) -> Tag:
    tag = cloud.store.find(Tag, name.casefold())
    if tag is None:
        raise not_found()
    return tag


@router.post("", status_code=201, dependencies=[require("tag:create")])
async def create(wanted: CreateTag, cloud: CloudParam, scopes: ScopesParam, request: Request) -> Any:
    """Create a tag. An existing tag gets the same answer."""
    try:
        tagging.ensure(cloud.store, [wanted.name])
    except tagging.InvalidTagError as error:
        text = f"Error validating resource tag: {error}"
        return JSONResponse({"error": text, "messages": None, "root_causes": [text]}, status_code=400)
    return {"tag": views.tag(_get(cloud, wanted.name), cloud.store, _base(request), scopes)}


@router.get("", dependencies=[require("tag:read")])
async def list_(cloud: CloudParam, scopes: ScopesParam, pager: PagerParam, request: Request) -> Any:
    """List all tags."""
    return pager(
        "tags", cloud.store.all(Tag), lambda tag: views.tag(tag, cloud.store, _base(request), scopes)
    )


@router.get("/{name}", dependencies=[require("tag:read")])
async def get(name: str, cloud: CloudParam, scopes: ScopesParam, request: Request) -> Any:
    """Return one tag."""
    return {"tag": views.tag(_get(cloud, name), cloud.store, _base(request), scopes)}


@router.delete("/{name}", status_code=204, dependencies=[require("tag:delete")])
async def delete(name: str, cloud: CloudParam) -> Response:
    """Delete a tag, and untag all resources that have it."""
    tag = _get(cloud, name)
    with cloud.store.transaction():
        for resource in [*cloud.store.all(Droplet), *cloud.store.all(Volume)]:
            tagging.remove(cloud.store, tag.name, resource)
        for firewall in cloud.store.all(Firewall):
            kept = [each for each in firewall.tags if each.casefold() != tag.key]
            if kept != firewall.tags:
                cloud.store.put(firewall.model_copy(update={"tags": kept}))
        cloud.store.delete(tag)
    await cloud.apply_filters()
    return Response(status_code=204)


@router.post("/{name}/resources", status_code=204, dependencies=[require("tag:create")])
async def assign(name: str, wanted: Resources, cloud: CloudParam) -> Response:
    """Tag resources."""
    tag = _get(cloud, name)
    with cloud.store.transaction():
        for each in wanted.resources:
            resource, path = _find(cloud, each)
            tagging.add(cloud.store, tag.name, resource, path)
    await cloud.apply_filters()
    return Response(status_code=204)


@router.delete("/{name}/resources", status_code=204, dependencies=[require("tag:delete")])
async def unassign(name: str, wanted: Resources, cloud: CloudParam) -> Response:
    """Untag resources."""
    tag = _get(cloud, name)
    with cloud.store.transaction():
        for each in wanted.resources:
            resource, _ = _find(cloud, each)
            tagging.remove(cloud.store, tag.name, resource)
    await cloud.apply_filters()
    return Response(status_code=204)


def _find(cloud: Cloud, wanted: TaggedResource) -> tuple[Droplet | Volume, str]:
    kinds: dict[str, type[Droplet] | type[Volume]] = {"droplet": Droplet, "volume": Volume}
    if wanted.resource_type not in kinds:
        raise unprocessable(f"resource_type {wanted.resource_type!r} cannot be tagged: use droplet or volume")
    resource = cloud.store.find(kinds[wanted.resource_type], wanted.resource_id)
    if resource is None:
        raise not_found()
    return resource, f"/v2/{wanted.resource_type}s/{wanted.resource_id}"
