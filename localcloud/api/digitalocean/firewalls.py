"""``/v2/firewalls``: cloud firewalls. Every change is applied to the machines before the answer."""

from __future__ import annotations

import re
import uuid
from ipaddress import ip_network
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import DigitalOceanError, not_found, unprocessable
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.filters import port_range
from localcloud.api.model import Droplet, Firewall, InboundRule, OutboundRule, Tag, Target

router = APIRouter(prefix="/v2/firewalls")

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]+")


class Rules(BaseModel):
    """The body of a request that adds or removes rules."""

    inbound_rules: list[InboundRule] | None = None
    outbound_rules: list[OutboundRule] | None = None


class WantedFirewall(Rules):
    """The body of a request that creates or updates a firewall."""

    name: str
    droplet_ids: list[int] | None = None
    tags: list[str] | None = None


class DropletIds(BaseModel):
    """The body of a request that adds or removes droplets."""

    droplet_ids: list[int]


class Tags(BaseModel):
    """The body of a request that adds or removes tags."""

    tags: list[str]


def _get(cloud: Cloud, firewall_id: str) -> Firewall:
    firewall = cloud.store.find(Firewall, firewall_id)
    if firewall is None:
        raise not_found()
    return firewall


def _ports(protocol: str, ports: str) -> str:
    """Return ports as the API shows them: ``0`` means every port, or ICMP."""
    try:
        return ports if port_range(protocol, ports) else "0"
    except ValueError as error:
        raise unprocessable(
            f"ports {ports!r} is no port, no range like 8000-9000, and not 0 for all ports"
        ) from error


def _check_target(cloud: Cloud, target: Target) -> None:
    for address in target.addresses or ():
        try:
            ip_network(address, strict=False)
        except ValueError as error:
            raise unprocessable(f"address {address!r} is no IP address and no CIDR") from error
    _check_tags(cloud, target.tags or [])
    _check_droplets(cloud, target.droplet_ids or [])
    if target.load_balancer_uids or target.kubernetes_ids:
        raise unprocessable("the local cloud has no load balancers and no Kubernetes clusters")


def _check_tags(cloud: Cloud, tags: list[str]) -> None:
    for tag in tags:
        if cloud.store.find(Tag, tag.casefold()) is None:
            raise unprocessable(f"tag {tag!r} does not exist")


def _check_droplets(cloud: Cloud, ids: list[int]) -> None:
    for id_ in ids:
        if cloud.store.find(Droplet, id_) is None:
            raise unprocessable(f"droplet {id_} was not found")


def _checked(cloud: Cloud, rules: Rules) -> tuple[list[InboundRule], list[OutboundRule]]:
    """Return the rules with ports as the API shows them; invalid rules are a 422."""
    inbound = [
        rule.model_copy(update={"ports": _ports(rule.protocol, rule.ports)})
        for rule in rules.inbound_rules or []
    ]
    outbound = [
        rule.model_copy(update={"ports": _ports(rule.protocol, rule.ports)})
        for rule in rules.outbound_rules or []
    ]
    for target in [*(rule.sources for rule in inbound), *(rule.destinations for rule in outbound)]:
        _check_target(cloud, target)
    return inbound, outbound


def _checked_firewall(cloud: Cloud, wanted: WantedFirewall, mine: str = "") -> dict[str, Any]:
    if not NAME.fullmatch(wanted.name):
        raise unprocessable(
            "name must begin with an alphanumeric character, followed by alphanumerics, '.' or '-'"
        )
    if any(each.name == wanted.name and each.id != mine for each in cloud.store.all(Firewall)):
        raise DigitalOceanError(409, "duplicate name")
    inbound, outbound = _checked(cloud, wanted)
    if not inbound and not outbound:
        raise unprocessable("a firewall must have at least one inbound or outbound rule")
    _check_tags(cloud, wanted.tags or [])
    _check_droplets(cloud, wanted.droplet_ids or [])
    return {
        "name": wanted.name,
        "inbound_rules": inbound,
        "outbound_rules": outbound,
        "droplet_ids": wanted.droplet_ids or [],
        "tags": wanted.tags or [],
    }


async def _save(cloud: Cloud, firewall: Firewall) -> Any:
    cloud.store.put(firewall)
    await cloud.apply_filters()
    return {"firewall": views.firewall(_get(cloud, firewall.id))}


@router.post("", status_code=202, dependencies=[require("firewall:create")])
async def create(wanted: WantedFirewall, cloud: CloudParam) -> Any:
    """Create a firewall."""
    return await _save(cloud, Firewall(id=str(uuid.uuid4()), **_checked_firewall(cloud, wanted)))


@router.get("", dependencies=[require("firewall:read")])
async def list_(cloud: CloudParam, pager: PagerParam) -> Any:
    """List all firewalls."""
    return pager("firewalls", cloud.store.all(Firewall), views.firewall)


@router.get("/{firewall_id}", dependencies=[require("firewall:read")])
async def get(firewall_id: str, cloud: CloudParam) -> Any:
    """Return one firewall."""
    return {"firewall": views.firewall(_get(cloud, firewall_id))}


@router.put("/{firewall_id}", dependencies=[require("firewall:update")])
async def update(firewall_id: str, wanted: WantedFirewall, cloud: CloudParam) -> Any:
    """Replace a firewall. Missing fields become empty."""
    firewall = _get(cloud, firewall_id)
    return await _save(cloud, firewall.model_copy(update=_checked_firewall(cloud, wanted, mine=firewall.id)))


@router.delete("/{firewall_id}", status_code=204, dependencies=[require("firewall:delete")])
async def delete(firewall_id: str, cloud: CloudParam) -> Response:
    """Delete a firewall. A droplet without any firewall accepts everything."""
    cloud.store.delete(_get(cloud, firewall_id))
    await cloud.apply_filters()
    return Response(status_code=204)


@router.post("/{firewall_id}/droplets", status_code=204, dependencies=[require("firewall:update")])
async def add_droplets(firewall_id: str, wanted: DropletIds, cloud: CloudParam) -> Response:
    """Apply a firewall to droplets."""
    firewall = _get(cloud, firewall_id)
    _check_droplets(cloud, wanted.droplet_ids)
    ids = list(dict.fromkeys([*firewall.droplet_ids, *wanted.droplet_ids]))
    await _save(cloud, firewall.model_copy(update={"droplet_ids": ids}))
    return Response(status_code=204)


@router.delete("/{firewall_id}/droplets", status_code=204, dependencies=[require("firewall:update")])
async def remove_droplets(firewall_id: str, wanted: DropletIds, cloud: CloudParam) -> Response:
    """Stop applying a firewall to droplets."""
    firewall = _get(cloud, firewall_id)
    ids = [id_ for id_ in firewall.droplet_ids if id_ not in wanted.droplet_ids]
    await _save(cloud, firewall.model_copy(update={"droplet_ids": ids}))
    return Response(status_code=204)


@router.post("/{firewall_id}/tags", status_code=204, dependencies=[require("firewall:update")])
async def add_tags(firewall_id: str, wanted: Tags, cloud: CloudParam) -> Response:
    """Apply a firewall to all droplets with one of these tags."""
    firewall = _get(cloud, firewall_id)
    _check_tags(cloud, wanted.tags)
    tags = list(dict.fromkeys([*firewall.tags, *wanted.tags]))
    await _save(cloud, firewall.model_copy(update={"tags": tags}))
    return Response(status_code=204)


@router.delete("/{firewall_id}/tags", status_code=204, dependencies=[require("firewall:update")])
async def remove_tags(firewall_id: str, wanted: Tags, cloud: CloudParam) -> Response:
    """Stop applying a firewall to droplets with these tags."""
    firewall = _get(cloud, firewall_id)
    removed = {tag.casefold() for tag in wanted.tags}
    tags = [tag for tag in firewall.tags if tag.casefold() not in removed]
    await _save(cloud, firewall.model_copy(update={"tags": tags}))
    return Response(status_code=204)


@router.post("/{firewall_id}/rules", status_code=204, dependencies=[require("firewall:update")])
async def add_rules(firewall_id: str, wanted: Rules, cloud: CloudParam) -> Response:
    """Add rules. Existing rules are not repeated."""
    firewall = _get(cloud, firewall_id)
    inbound, outbound = _checked(cloud, wanted)
    added = {
        "inbound_rules": [*firewall.inbound_rules, *(r for r in inbound if r not in firewall.inbound_rules)],
        "outbound_rules": [
            *firewall.outbound_rules,
            *(r for r in outbound if r not in firewall.outbound_rules),
        ],
    }
    await _save(cloud, firewall.model_copy(update=added))
    return Response(status_code=204)


@router.delete("/{firewall_id}/rules", status_code=204, dependencies=[require("firewall:update")])
async def remove_rules(firewall_id: str, wanted: Rules, cloud: CloudParam) -> Response:
    """Remove rules."""
    firewall = _get(cloud, firewall_id)
    inbound, outbound = _checked(cloud, wanted)
    kept = {
        "inbound_rules": [rule for rule in firewall.inbound_rules if rule not in inbound],
        "outbound_rules": [rule for rule in firewall.outbound_rules if rule not in outbound],
    }
    await _save(cloud, firewall.model_copy(update=kept))
    return Response(status_code=204)
