"""``cloudflare.DnsRecord``."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from localcloud.plugins.cloudflare.api import GONE, CloudflareApi
from localcloud.plugins.errors import GoneError, ProviderError, StatusError
from localcloud.plugins.resource import Resource
from localcloud.plugins.schema import Field, Fields, Shape
from localcloud.plugins.values import UNKNOWN, Properties

_SENT = {
    "comment": "comment",
    "content": "content",
    "data": "data",
    "name": "name",
    "priority": "priority",
    "privateRouting": "private_routing",
    "proxied": "proxied",
    "settings": "settings",
    "tags": "tags",
    "ttl": "ttl",
    "type": "type",
}
_REPORTED = {
    **_SENT,
    "commentModifiedOn": "comment_modified_on",
    "createdOn": "created_on",
    "modifiedOn": "modified_on",
    "proxiable": "proxiable",
    "tagsModifiedOn": "tags_modified_on",
}
_SETTINGS = {"flattenCname": "flatten_cname", "ipv4Only": "ipv4_only", "ipv6Only": "ipv6_only"}


class DnsRecord(Resource[CloudflareApi]):
    """One record of a zone."""

    type = "cloudflare:index/dnsRecord:DnsRecord"
    fields: ClassVar[Fields] = {
        "zoneId": Field(required=True, replace=True),
        "name": Field(required=True),
        "type": Field(required=True, replace=True),
        "ttl": Field(required=True),
        "comment": Field(optional=True),
        "content": Field(optional=True),
        "data": Field(shape=Shape.OBJECT, optional=True),
        "priority": Field(optional=True),
        "privateRouting": Field(optional=True),
        "proxied": Field(optional=True, default=False),
        "settings": Field(shape=Shape.OBJECT, optional=True, computed=True),
        "tags": Field(shape=Shape.SET, optional=True, computed=True),
        "commentModifiedOn": Field(computed=True),
        "createdOn": Field(computed=True),
        "meta": Field(computed=True),
        "modifiedOn": Field(computed=True, renewed=True),
        "proxiable": Field(computed=True),
        "tagsModifiedOn": Field(computed=True),
    }

    def adjust_plan(self, planned: Properties, prior: Properties | None) -> frozenset[str]:
        """Plan a new modification time for a changed comment or tag."""
        if prior is not None:
            for key in ("comment", "tags"):
                if planned.get(key) != prior.get(key):
                    planned[f"{key}ModifiedOn"] = UNKNOWN
        return frozenset()

    def create(self, client: CloudflareApi, inputs: Properties, planned: Properties) -> str:
        """POST /zones/ZONE/dns_records."""
        if planned["proxied"] and planned["ttl"] != 1:
            raise ProviderError(
                "ttl must be set to 1 when `proxied` is true: When a DNS record is marked as `proxied` "
                "the TTL must be 1 as Cloudflare will control the TTL internally."
            )
        record = client.result("POST", f"zones/{planned['zoneId']}/dns_records", _body(planned))
        planned |= _state(planned, record)
        return record["id"]

    def settle(
        self, client: CloudflareApi, object_id: str, planned: Properties, timeout: float
    ) -> Properties:
        """Return the state, which the answer to the POST request contained completely."""
        return planned

    def read(self, client: CloudflareApi, object_id: str, prior: Properties) -> Properties:
        """GET /zones/ZONE/dns_records/ID."""
        try:
            record = client.result("GET", _path(object_id, prior))
        except StatusError as error:
            if error.status == 404:
                raise GoneError(GONE) from error
            raise
        return _state(prior, record)

    def found(self, client: CloudflareApi, object_id: str, prior: Properties) -> tuple[str, Properties]:
        """Read a record. The id of an import is ``ZONE/ID``."""
        if prior:
            return object_id, self.read(client, object_id, prior)
        zone, separator, record = object_id.partition("/")
        if not separator:
            raise ProviderError(
                f"invalid ID: expected urlencoded segments <zone_id>/<dns_record_id>, got {id!r}"
            )
        return record, self.read(client, record, {"zoneId": zone})

    def update(
        self, client: CloudflareApi, object_id: str, prior: Properties, planned: Properties, timeout: float
    ) -> Properties:
        """PUT /zones/ZONE/dns_records/ID with the whole record."""
        return _state(planned, client.result("PUT", _path(object_id, prior), _body(planned)))

    def delete(self, client: CloudflareApi, object_id: str, prior: Properties, timeout: float) -> None:
        """DELETE /zones/ZONE/dns_records/ID. Deleting a missing record is an error."""
        client.result("DELETE", _path(object_id, prior))


def _path(object_id: str, state: Properties) -> str:
    return f"zones/{state['zoneId']}/dns_records/{object_id}"


def _body(planned: Properties) -> Properties:
    body = {name: planned[key] for key, name in _SENT.items() if planned.get(key) not in (None, UNKNOWN)}
    if "settings" in body:
        body["settings"] = {_SETTINGS.get(key, key): value for key, value in body["settings"].items()}
    return body


def _state(kept: Properties, record: Properties) -> Properties:
    state: Properties = {key: record.get(name) for key, name in _REPORTED.items()}
    state["zoneId"] = kept["zoneId"]
    state["name"] = _name(kept.get("name"), record["name"])
    state["meta"] = json.dumps(record.get("meta") or {}, separators=(",", ":"))
    settings: dict[str, Any] = record.get("settings") or {}
    state["settings"] = {
        key: settings[name] for key, name in _SETTINGS.items() if settings.get(name) is not None
    }
    state["tags"] = sorted(record.get("tags") or [])
    return state


def _name(given: str | None, reported: str) -> str:
    """Return the program's name if it equals the API's full name without the zone, or the full name."""
    return given if given and (given == reported or reported.startswith(f"{given}.")) else reported
