"""``/v2/actions``: all actions on droplets and volumes, past and current."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from localcloud.api.digitalocean import views
from localcloud.api.digitalocean.access import CloudParam, require
from localcloud.api.digitalocean.errors import not_found
from localcloud.api.digitalocean.paging import PagerParam
from localcloud.api.model import Action

router = APIRouter(prefix="/v2/actions", dependencies=[require("actions:read")])


@router.get("")
async def list_(cloud: CloudParam, pager: PagerParam) -> Any:
    """List all actions, the latest first."""
    return pager("actions", cloud.store.all(Action)[::-1], views.action)


@router.get("/{action_id}")
async def get(action_id: int, cloud: CloudParam) -> Any:
    """Return one action."""
    action = cloud.store.find(Action, action_id)
    if action is None:
        raise not_found()
    return {"action": views.action(action)}
