"""``cloudflare.getZone`` and ``cloudflare.getZones``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.plugins.cloudflare.api import CloudflareApi
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.values import Properties

_Names = Mapping[str, "str | _Names"]

_ZONE: dict[str, Any] = {
    "account": {"id": "id", "name": "name"},
    "activated_on": "activatedOn",
    "cname_suffix": "cnameSuffix",
    "created_on": "createdOn",
    "development_mode": "developmentMode",
    "id": "id",
    "meta": {
        "cdn_only": "cdnOnly",
        "custom_certificate_quota": "customCertificateQuota",
        "dns_only": "dnsOnly",
        "foundation_dns": "foundationDns",
        "page_rule_quota": "pageRuleQuota",
        "phishing_detected": "phishingDetected",
        "step": "step",
    },
    "modified_on": "modifiedOn",
    "name": "name",
    "name_servers": "nameServers",
    "original_dnshost": "originalDnshost",
    "original_name_servers": "originalNameServers",
    "original_registrar": "originalRegistrar",
    "owner": {"id": "id", "name": "name", "type": "type"},
    "paused": "paused",
    "permissions": "permissions",
    "plan": {
        "can_subscribe": "canSubscribe",
        "currency": "currency",
        "externally_managed": "externallyManaged",
        "frequency": "frequency",
        "id": "id",
        "is_subscribed": "isSubscribed",
        "legacy_discount": "legacyDiscount",
        "legacy_id": "legacyId",
        "name": "name",
        "price": "price",
    },
    "status": "status",
    "tenant": {"id": "id", "name": "name"},
    "tenant_unit": {"id": "id"},
    "type": "type",
    "vanity_name_servers": "vanityNameServers",
    "verification_key": "verificationKey",
}
"""The provider's names of the API's fields, nested like the fields."""

_FILTERS = ("direction", "match", "name", "order", "status")


def _get_zone(api: CloudflareApi, arguments: Properties) -> Properties:
    zone_id = arguments.get("zoneId")
    wanted: Properties | None = arguments.get("filter")
    if wanted is not None:
        zones = list(api.list("zones", _query(wanted)))
        if len(zones) != 1:
            raise ProviderError(f"failed to find exactly one result: {len(zones)} found")
        zone_id = zones[0]["id"]
    if not zone_id:
        raise ProviderError("At least one of these attributes must be configured: [zone_id,filter]")
    zone = _spelled(api.result("GET", f"zones/{zone_id}"), _ZONE)
    return {**zone, "zoneId": zone_id, **({"filter": wanted} if wanted is not None else {})}


def _get_zones(api: CloudflareApi, arguments: Properties) -> Properties:
    found = [_spelled(zone, _ZONE) for zone in api.list("zones", _query(arguments))]
    limit = arguments.get("maxItems")
    return {"id": "zones", "results": found[:limit], **arguments}


def _query(wanted: Properties) -> Properties:
    query = {key: wanted[key] for key in _FILTERS if wanted.get(key) is not None}
    account: Properties = wanted.get("account") or {}
    return query | {f"account.{key}": value for key, value in account.items() if value is not None}


def _spelled(value: Properties, names: Mapping[str, Any]) -> Properties:
    return {
        name if isinstance(name, str) else key: value[key]
        if isinstance(name, str)
        else _spelled(value[key], name)
        for key, name in names.items()
        if value.get(key) is not None
    }


FUNCTIONS = {
    "cloudflare:index/getZone:getZone": _get_zone,
    "cloudflare:index/getZones:getZones": _get_zones,
}
