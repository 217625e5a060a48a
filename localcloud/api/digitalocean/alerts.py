"""``/v2/monitoring/alerts``: policies by which DigitalOcean sends a mail about a droplet's disk, CPU or memory.

The policies are stored. The local cloud neither measures droplets nor sends mails.
"""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Response

from localcloud.api.cloud import Cloud
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import not_found
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import AlertPolicy, AlertPolicyRequest

router = APIRouter(prefix="/v2/monitoring/alerts")


def _get(cloud: Cloud, policy_id: str) -> AlertPolicy:
    policy = cloud.store.find(AlertPolicy, policy_id)
    if policy is None:
        raise not_found()
    return policy


@router.post("", dependencies=[require("monitoring:create")])
async def create(wanted: AlertPolicyRequest, cloud: CloudParam) -> Any:
    """Create a policy."""
    policy = AlertPolicy(uuid=str(uuid.uuid4()), **wanted.model_dump())
    cloud.store.put(policy)
    return {"policy": policy.model_dump()}


@router.get("", dependencies=[require("monitoring:read")])
async def list_(cloud: CloudParam, pager: PagerParam) -> Any:
    """List all policies."""
    return pager("policies", cloud.store.all(AlertPolicy), AlertPolicy.model_dump)


@router.get("/{policy_id}", dependencies=[require("monitoring:read")])
async def get(policy_id: str, cloud: CloudParam) -> Any:
    """Return one policy."""
    return {"policy": _get(cloud, policy_id).model_dump()}


@router.put("/{policy_id}", dependencies=[require("monitoring:update")])
async def update(policy_id: str, wanted: AlertPolicyRequest, cloud: CloudParam) -> Any:
    """Replace a policy's content."""
    policy = AlertPolicy(uuid=_get(cloud, policy_id).uuid, **wanted.model_dump())
    cloud.store.put(policy)
    return {"policy": policy.model_dump()}


@router.delete("/{policy_id}", status_code=204, dependencies=[require("monitoring:delete")])
async def delete(policy_id: str, cloud: CloudParam) -> Response:
    """Delete a policy."""
    cloud.store.delete(_get(cloud, policy_id))
    return Response(status_code=204)
