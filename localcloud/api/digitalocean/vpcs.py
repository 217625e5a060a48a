"""``/v2/vpcs``: private networks."""

from __future__ import annotations

import re
import uuid
from ipaddress import IPv4Network
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from localcloud.api.addressing import vpc_range
from localcloud.api.catalog import REGIONS
from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import CloudParam, ScopesParam, may, require
from localcloud.api.digitalocean.default_vpc import find_default
from localcloud.api.digitalocean.errors import DigitalOceanError, not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import Droplet, Vpc

router = APIRouter(prefix="/v2/vpcs")

NAME = re.compile(r"[a-zA-Z0-9.-]+")
PRIVATE = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


class CreateVpc(BaseModel):
    """The body of a request that creates a VPC."""

    name: str
    region: str
    ip_range: str | None = None
    description: Annotated[str, Field(max_length=255)] | None = ""


class UpdateVpc(BaseModel):
    """The body of a request that updates a VPC."""

    name: str | None = None
    description: Annotated[str, Field(max_length=255)] | None = None
    default: bool | None = None


def _get(cloud: Cloud, vpc_id: str) -> Vpc:
    vpc = cloud.store.find(Vpc, vpc_id)
    if vpc is None:
        raise not_found()
    return vpc


def _check_name(cloud: Cloud, name: str, mine: str = "") -> None:
    if not NAME.fullmatch(name):
        raise unprocessable("name may only contain alphanumeric characters, dashes, and periods")
    if any(vpc.name == name and vpc.id != mine for vpc in cloud.store.all(Vpc)):
        raise unprocessable("name is not unique")


def _check_range(cloud: Cloud, text: str) -> IPv4Network:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise unprocessable(f"ip_range {text!r} is not a network in CIDR notation: {error}") from error
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise unprocessable(f"ip_range {text} is not in a range of private addresses (RFC 1918)")
    if not 16 <= network.prefixlen <= 28:
        raise unprocessable(f"ip_range {text} may not be smaller than /28 nor larger than /16")
    for vpc in cloud.store.all(Vpc):
        if network.overlaps(IPv4Network(vpc.ip_range)):
            raise unprocessable("This range/size overlaps with another VPC network in your account.")
    return network


@router.post("", status_code=201, dependencies=[require("vpc:create")])
async def create(wanted: CreateVpc, cloud: CloudParam) -> Any:
    """Create a VPC. Without a range it gets a free /20 network. A region's first VPC becomes its default VPC.

    The request cannot prevent that (https://github.com/digitalocean/godo/issues/337).
    """
    if wanted.region not in REGIONS:
        raise unprocessable(f"region {wanted.region!r} is invalid")
    _check_name(cloud, wanted.name)
    network = _check_range(cloud, wanted.ip_range) if wanted.ip_range else vpc_range(cloud.store)
    vpc = Vpc(
        id=str(uuid.uuid4()),
        name=wanted.name,
        region=wanted.region,
        ip_range=str(network),
        description=wanted.description or "",
        default=find_default(cloud.store, wanted.region) is None,
    )
    cloud.store.put(vpc)
    return {"vpc": views.vpc(vpc)}


@router.get("", dependencies=[require("vpc:read")])
async def list_(cloud: CloudParam, pager: PagerParam) -> Any:
    """List all VPCs."""
    return pager("vpcs", cloud.store.all(Vpc), views.vpc)


@router.get("/{vpc_id}", dependencies=[require("vpc:read")])
async def get(vpc_id: str, cloud: CloudParam) -> Any:
    """Return one VPC."""
    return {"vpc": views.vpc(_get(cloud, vpc_id))}


@router.put("/{vpc_id}", dependencies=[require("vpc:update")])
@router.patch("/{vpc_id}", dependencies=[require("vpc:update")])
async def update(vpc_id: str, wanted: UpdateVpc, cloud: CloudParam) -> Any:
    """Change a VPC's name or description, or make it its region's default VPC.

    ``default`` cannot be unset. It moves to another VPC of the region when that one is made the default.
    """
    vpc = _get(cloud, vpc_id)
    if wanted.name is not None:
        _check_name(cloud, wanted.name, mine=vpc.id)
    changed = vpc.model_copy(update=wanted.model_dump(exclude_none=True, exclude={"default"}))
    with cloud.store.transaction():
        if wanted.default:
            if before := find_default(cloud.store, vpc.region):
                cloud.store.put(before.model_copy(update={"default": False}))
            changed = changed.model_copy(update={"default": True})
        cloud.store.put(changed)
    return {"vpc": views.vpc(changed)}


@router.delete("/{vpc_id}", status_code=204, dependencies=[require("vpc:delete")])
async def delete(vpc_id: str, cloud: CloudParam) -> Response:
    """Delete a VPC that has no members and is not a default VPC."""
    vpc = _get(cloud, vpc_id)
    if vpc.default:
        raise DigitalOceanError(403, "Can not delete default VPCs")
    if _members(cloud, vpc):
        raise DigitalOceanError(409, "Can not delete VPC with members")
    cloud.store.delete(vpc)
    return Response(status_code=204)


def _members(cloud: Cloud, vpc: Vpc) -> list[Droplet]:
    return [droplet for droplet in cloud.store.all(Droplet) if droplet.vpc == vpc.id]


@router.get("/{vpc_id}/members", dependencies=[require("vpc:read")])
async def members(
    vpc_id: str, cloud: CloudParam, scopes: ScopesParam, pager: PagerParam, resource_type: str = ""
) -> Any:
    """List the members of a VPC that the token may read. Only droplets can be members."""
    visible = may(scopes, "droplet:read") and resource_type in {"", "droplet"}
    droplets = _members(cloud, _get(cloud, vpc_id))
    return pager(
        "members",
        droplets if visible else [],
        lambda each: {"urn": f"do:droplet:{each.id}", "name": each.name, "created_at": each.created_at},
    )
