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
            "email": "operator@example.test",
            "name": "Local Cloud",
            "uuid": "10ca1c10-0000-4000-8000-000000000001",
            "email_verified": True,
            "status": "active",
            "status_message": "",
            "team": {"uuid": "10ca1c10-0000-4000-8000-000000000002", "name": "Local Cloud"},
        }
    }
