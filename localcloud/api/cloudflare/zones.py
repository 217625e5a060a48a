"""``/zones``: the account's zones."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Depends, Request

from localcloud.api.accounts import Account
from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.access import CloudParam, authenticated
from localcloud.api.cloudflare.envelope import CloudflareError, no_route, success
from localcloud.api.cloudflare.matching import matches
from localcloud.api.cloudflare.paging import paged
from localcloud.api.model import Zone

router = APIRouter(prefix="/zones", dependencies=[Depends(authenticated)])

IDENTIFIER = re.compile(r"[0-9a-f]{32}")
FILTERS = frozenset({"name", "status", "type"})


def view(zone: Zone, account: Account) -> dict[str, Any]:
    """Return a zone as the API shows it."""
    return {
        "id": zone.id,
        "name": zone.name,
        "status": "active",
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.test", "bob.ns.cloudflare.test"],
        "original_name_servers": [],
        "original_registrar": None,
        "original_dnshost": None,
        "created_on": zone.created_on,
        "modified_on": zone.created_on,
        "activated_on": zone.created_on,
        "account": {"id": account.cloudflare, "name": "Local Cloud"},
        "owner": {"id": None, "type": "user", "name": None, "email": None},
        "meta": {"step": 2, "page_rule_quota": 3, "phishing_detected": False, "custom_certificate_quota": 0},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
        "plan": {
            "id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            "name": "Free Website",
            "price": 0,
            "currency": "USD",
            "frequency": "",
            "is_subscribed": True,
            "can_subscribe": False,
            "legacy_id": "free",
            "legacy_discount": False,
            "externally_managed": False,
        },
    }


def get_zone(cloud: Cloud, zone_id: str, path: str) -> Zone:
    """Return a zone; a missing one is an error."""
    if not IDENTIFIER.fullmatch(zone_id):
        raise no_route(path)
    zone = cloud.store.find(Zone, zone_id)
    if zone is None:
        raise CloudflareError(404, 1001, "Invalid zone identifier")
    return zone


@router.get("")
async def list_(cloud: CloudParam, request: Request) -> Any:
    """List zones, filtered by name, status or type."""
    views = [view(zone, cloud.account) for zone in cloud.store.all(Zone)]
    shown = [each for each in views if matches(each, request.query_params, FILTERS)]
    return paged(request, shown, default=20, maximum=50)


@router.get("/{zone_id}")
async def get(zone_id: str, cloud: CloudParam, request: Request) -> Any:
    """Return one zone."""
    return success(view(get_zone(cloud, zone_id, request.url.path), cloud.account))
