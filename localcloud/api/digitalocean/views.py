"""Converts stored resources into the API's answers.

Parts of a droplet are empty if the token lacks their scopes, as the API reference says of each field.
"""

from __future__ import annotations

from typing import Any

from localcloud.addresses import GATEWAY
from localcloud.api.catalog import IMAGES, REGIONS, SIZES, Image, Region, Size
from localcloud.api.digitalocean.access import may
from localcloud.api.model import Action, Droplet, Firewall, SshKey, Tag, Target, Volume, Vpc
from localcloud.api.store import Store

REGION_FEATURES = ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"]
IMAGES_CREATED = "2025-08-12T15:10:42Z"


def region(item: Region) -> dict[str, Any]:
    """Return a region with its sizes."""
    return {
        "name": item.name,
        "slug": item.slug,
        "features": REGION_FEATURES,
        "available": True,
        "sizes": [size.slug for size in SIZES.values() if item.slug in size.regions],
    }


def size(item: Size) -> dict[str, Any]:
    """Return a size with its regions."""
    return {
        "slug": item.slug,
        "memory": item.memory_mib,
        "vcpus": item.vcpus,
        "disk": item.disk_gib,
        "transfer": item.transfer_tb,
        "price_monthly": item.monthly,
        "price_hourly": item.hourly,
        "regions": sorted(item.regions),
        "available": True,
        "description": item.description,
        "disk_info": _disk_info(item.disk_gib),
    }


def _disk_info(gib: int) -> list[dict[str, Any]]:
    return [{"type": "local", "size": {"amount": gib, "unit": "gib"}}]


def image(item: Image) -> dict[str, Any]:
    """Return a public image."""
    return {
        "id": item.id,
        "name": item.name,
        "distribution": item.distribution,
        "slug": item.slug,
        "public": True,
        "regions": sorted(REGIONS),
        "created_at": IMAGES_CREATED,
        "min_disk_size": item.min_disk_gib,
        "type": "base",
        "size_gigabytes": 0.68,
        "description": f"{item.distribution} {item.name}",
        "tags": [],
        "status": "available",
        "error_message": "",
    }


def droplet(item: Droplet, scopes: frozenset[str] | None) -> dict[str, Any]:
    """Return a droplet. A ``new`` droplet has no addresses yet."""
    made_of = SIZES[item.size]
    return {
        "id": item.id,
        "name": item.name,
        "memory": made_of.memory_mib,
        "vcpus": made_of.vcpus,
        "disk": item.disk_gib,
        "disk_info": _disk_info(item.disk_gib),
        "locked": item.pending is not None,
        "status": item.status,
        "kernel": None,
        "created_at": item.created_at,
        "features": item.features,
        "backup_ids": [],
        "next_backup_window": None,
        "snapshot_ids": [],
        "image": image(IMAGES[item.image]) if may(scopes, "image:read") else {},
        "volume_ids": item.volumes if may(scopes, "block_storage:read") else [],
        "size": size(made_of),
        "size_slug": item.size,
        "networks": {"v4": [] if item.status == "new" else _networks(item), "v6": []},
        "region": region(REGIONS[item.region]),
        "tags": item.tags if may(scopes, "tag:read") else [],
        "vpc_uuid": item.vpc if may(scopes, "vpc:read") else "",
    }


def _networks(item: Droplet) -> list[dict[str, str]]:
    private_gateway = item.private.network.network_address + 1
    return [
        {
            "ip_address": str(item.public.ip),
            "netmask": str(item.public.netmask),
            "gateway": str(GATEWAY.ip),
            "type": "public",
        },
        {
            "ip_address": str(item.private.ip),
            "netmask": str(item.private.netmask),
            "gateway": str(private_gateway),
            "type": "private",
        },
    ]


def action(item: Action) -> dict[str, Any]:
    """Return an action with its state."""
    return {
        "id": item.id,
        "status": item.status,
        "type": item.type,
        "started_at": item.started_at,
        "completed_at": item.completed_at,
        "resource_id": item.resource_id,
        "resource_type": item.resource_type,
        "region": region(REGIONS[item.region]),
        "region_slug": item.region,
    }


def volume(item: Volume) -> dict[str, Any]:
    """Return a volume with its droplet."""
    return {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "size_gigabytes": item.size_gigabytes,
        "created_at": item.created_at,
        "region": region(REGIONS[item.region]),
        "droplet_ids": [] if item.droplet is None else [item.droplet],
        "filesystem_type": item.filesystem_type,
        "filesystem_label": item.filesystem_label,
        "tags": item.tags,
    }


def vpc(item: Vpc) -> dict[str, Any]:
    """Return a VPC."""
    return {
        "id": item.id,
        "urn": f"do:vpc:{item.id}",
        "name": item.name,
        "description": item.description,
        "region": item.region,
        "ip_range": item.ip_range,
        "default": item.default,
        "created_at": item.created_at,
    }


def _target(item: Target) -> dict[str, Any]:
    return {name: value for name, value in item.model_dump().items() if value}


def firewall(item: Firewall) -> dict[str, Any]:
    """Return a firewall with its rules; ``0`` means every port."""
    return {
        "id": item.id,
        "name": item.name,
        "status": item.status,
        "created_at": item.created_at,
        "pending_changes": [],
        "droplet_ids": item.droplet_ids,
        "tags": item.tags,
        "inbound_rules": [
            {"protocol": rule.protocol, "ports": rule.ports, "sources": _target(rule.sources)}
            for rule in item.inbound_rules
        ],
        "outbound_rules": [
            {"protocol": rule.protocol, "ports": rule.ports, "destinations": _target(rule.destinations)}
            for rule in item.outbound_rules
        ],
    }


def ssh_key(item: SshKey) -> dict[str, Any]:
    """Return a public key."""
    return item.model_dump()


def tag(item: Tag, store: Store, base: str, scopes: frozenset[str] | None) -> dict[str, Any]:
    """Return a tag with the number of its resources, of which only those that the token may read count."""
    name = item.name.casefold()
    counts = {"droplets": 0, "images": 0, "volumes": 0, "volume_snapshots": 0, "databases": 0}
    if may(scopes, "droplet:read"):
        counts["droplets"] = sum(name in map(str.casefold, each.tags) for each in store.all(Droplet))
    if may(scopes, "block_storage:read"):
        counts["volumes"] = sum(name in map(str.casefold, each.tags) for each in store.all(Volume))
    last = f"{base}{item.last_tagged}" if item.last_tagged else ""
    kinds = {
        kind: {"count": count, "last_tagged_uri": last if f"/{kind}/" in last else ""}
        for kind, count in counts.items()
    }
    return {
        "name": item.name,
        "resources": {"count": sum(counts.values()), "last_tagged_uri": last, **kinds},
    }
