"""``/v2/account``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from localcloud.api.digitalocean.access import CloudParam, require

router = APIRouter(prefix="/v2/account", dependencies=[require("account:read")])


@router.get("")
async def get(cloud: CloudParam) -> Any:
    """Return the account with its limits."""
    return {
        "account": {
            "droplet_limit": cloud.limits.droplets,
            "floating_ip_limit": 0,
            "reserved_ip_limit": 0,
            "volume_limit": 100,
            "email": cloud.account.email,
            "name": "Local Cloud",
            "uuid": cloud.account.uuid,
            "email_verified": True,
            "status": "active",
            "status_message": "",
            "team": {"uuid": cloud.account.team, "name": "Local Cloud"},
        }
    }
