"""``/zones/{id}/dns_records``. The name server has every change before the API answers."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.access import CloudParam, authenticated
from localcloud.api.cloudflare.envelope import CloudflareError, success
from localcloud.api.cloudflare.matching import matches
from localcloud.api.cloudflare.paging import paged
from localcloud.api.cloudflare.validation import ADDRESSES, AUTOMATIC_TTL, check, check_among, full_name
from localcloud.api.cloudflare.zones import get_zone
from localcloud.api.model import DnsRecord, Zone, now

router = APIRouter(prefix="/zones/{zone_id}/dns_records", dependencies=[Depends(authenticated)])

FILTERS = frozenset({"name", "type", "content", "proxied", "comment"})
ORDERS = frozenset({"name", "type", "content", "ttl", "proxied"})


class WantedRecord(BaseModel):
    """The body of a request that creates or replaces a record."""

    type: str
    name: str
    content: str
    ttl: int | None = AUTOMATIC_TTL
    proxied: bool | None = False
    priority: int | None = None
    comment: str | None = None
    tags: list[str] | None = None
    settings: dict[str, Any] | None = None

    def record(self, zone: Zone, id_: str, created_on: str) -> DnsRecord:
        """Return the requested record."""
        proxied = bool(self.proxied)
        return DnsRecord(
            id=id_,
            zone=zone.id,
            type=self.type.upper(),
            name=full_name(self.name, zone),
            content=self.content.strip(),
            ttl=AUTOMATIC_TTL if proxied else (self.ttl or AUTOMATIC_TTL),
            proxied=proxied,
            priority=self.priority,
            comment=self.comment,
            tags=self.tags or [],
            settings=self.settings or {},
            created_on=created_on,
        )


class ChangedRecord(BaseModel):
    """The body of a request that changes a record. Missing fields keep their values."""

    type: str | None = None
    name: str | None = None
    content: str | None = None
    ttl: int | None = None
    proxied: bool | None = None
    priority: int | None = None
    comment: str | None = None
    tags: list[str] | None = None
    settings: dict[str, Any] | None = None


def view(record: DnsRecord) -> dict[str, Any]:
    """Return a record as the API shows it."""
    shown: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "content": record.content,
        "proxiable": record.type in ADDRESSES,
        "proxied": record.proxied,
        "ttl": record.ttl,
        "settings": record.settings,
        "meta": {},
        "comment": record.comment,
        "tags": record.tags,
        "created_on": record.created_on,
        "modified_on": record.modified_on,
    }
    if record.priority is not None:
        shown["priority"] = record.priority
    return shown


def _records(cloud: Cloud, zone: Zone) -> list[DnsRecord]:
    return [record for record in cloud.store.all(DnsRecord) if record.zone == zone.id]


def _get(cloud: Cloud, zone_id: str, record_id: str, path: str) -> tuple[Zone, DnsRecord]:
    zone = get_zone(cloud, zone_id, path)
    record = cloud.store.find(DnsRecord, record_id)
    if record is None or record.zone != zone.id:
        raise CloudflareError(404, 81044, "Record does not exist.")
    return zone, record


async def _save(cloud: Cloud, zone: Zone, record: DnsRecord) -> Any:
    check(record)
    check_among(record, _records(cloud, zone))
    cloud.store.put(record)
    await cloud.apply_records()
    return success(view(record))


@router.get("")
async def list_(zone_id: str, cloud: CloudParam, request: Request) -> Any:
    """List a zone's records, filtered and ordered."""
    zone = get_zone(cloud, zone_id, request.url.path)
    query = request.query_params
    shown = [each for each in map(view, _records(cloud, zone)) if matches(each, query, FILTERS)]
    if text := query.get("search", "").casefold():
        shown = [
            each for each in shown if text in f"{each['name']} {each['content']} {each['comment']}".casefold()
        ]
    if (order := query.get("order")) in ORDERS:
        shown.sort(key=lambda each: each[order], reverse=query.get("direction") == "desc")
    return paged(request, shown, default=100, maximum=5_000_000)


@router.post("")
async def create(zone_id: str, wanted: WantedRecord, cloud: CloudParam, request: Request) -> Any:
    """Create a record."""
    zone = get_zone(cloud, zone_id, request.url.path)
    return await _save(cloud, zone, wanted.record(zone, uuid.uuid4().hex, created_on=now()))


@router.get("/{record_id}")
async def get(zone_id: str, record_id: str, cloud: CloudParam, request: Request) -> Any:
    """Return one record."""
    return success(view(_get(cloud, zone_id, record_id, request.url.path)[1]))


@router.put("/{record_id}")
async def replace(
    zone_id: str, record_id: str, wanted: WantedRecord, cloud: CloudParam, request: Request
) -> Any:
    """Replace a record. Missing fields get their defaults."""
    zone, old = _get(cloud, zone_id, record_id, request.url.path)
    return await _save(cloud, zone, wanted.record(zone, old.id, old.created_on))


@router.patch("/{record_id}")
async def change(
    zone_id: str, record_id: str, wanted: ChangedRecord, cloud: CloudParam, request: Request
) -> Any:
    """Change some fields of a record."""
    zone, old = _get(cloud, zone_id, record_id, request.url.path)
    changes = wanted.model_dump(exclude_unset=True)
    kept = {field: value for field, value in changes.items() if value is not None or field == "comment"}
    merged = WantedRecord.model_validate(old.model_dump() | kept)
    return await _save(cloud, zone, merged.record(zone, old.id, old.created_on))


@router.delete("/{record_id}")
async def delete(zone_id: str, record_id: str, cloud: CloudParam, request: Request) -> Any:
    """Delete a record."""
    _, record = _get(cloud, zone_id, record_id, request.url.path)
    cloud.store.delete(record)
    await cloud.apply_records()
    return success({"id": record.id})
