"""Validates DNS records, with Cloudflare's error codes."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

from localcloud.api.cloudflare.envelope import CloudflareError
from localcloud.api.model import DnsRecord, Zone

TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "TXT"})
ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
AUTOMATIC_TTL = 1
MIN_TTL, MAX_TTL = 60, 86400
COMMENT_LIMIT = 100
LABEL = re.compile(r"\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def full_name(name: str, zone: Zone) -> str:
    """Return a record's full name: ``www`` means ``www.example.test``, and ``@`` means the zone."""
    lowered = name.strip().rstrip(".").lower()
    if lowered in {"", "@", zone.name}:
        return zone.name
    return lowered if lowered.endswith(f".{zone.name}") else f"{lowered}.{zone.name}"


def is_name(text: str) -> bool:
    """Return whether a text is a DNS name."""
    return len(text) <= 253 and all(LABEL.fullmatch(label) for label in text.rstrip(".").lower().split("."))


def check(record: DnsRecord) -> None:
    """Reject an invalid record."""
    if record.type not in TYPES:
        raise CloudflareError(
            400, 1004, "DNS Validation Error", ((9000, f"DNS record type {record.type} is invalid."),)
        )
    if not is_name(record.name):
        raise CloudflareError(400, 9000, "DNS name is invalid.")
    _check_content(record)
    if record.ttl != AUTOMATIC_TTL and not MIN_TTL <= record.ttl <= MAX_TTL:
        raise CloudflareError(
            400, 9021, f"Invalid TTL. Must be between {MIN_TTL} and {MAX_TTL} seconds, or 1 for Automatic."
        )
    if record.proxied and record.type not in ADDRESSES:
        raise CloudflareError(400, 9004, "This record type cannot be proxied.")
    if record.comment is not None and len(record.comment) > COMMENT_LIMIT:
        raise CloudflareError(400, 9300, f"DNS record comment cannot exceed {COMMENT_LIMIT} characters.")


def _check_content(record: DnsRecord) -> None:
    match record.type:
        case "A":
            try:
                IPv4Address(record.content)
            except ValueError:
                raise CloudflareError(
                    400, 9005, "Content for A record must be a valid IPv4 address."
                ) from None
        case "AAAA":
            try:
                IPv6Address(record.content)
            except ValueError:
                raise CloudflareError(
                    400, 9006, "Content for AAAA record must be a valid IPv6 address."
                ) from None
        case "CNAME" | "MX" | "NS":
            if not is_name(record.content):
                raise CloudflareError(400, 9007, f"Content for {record.type} record is invalid.")
            if record.content.rstrip(".").lower() == record.name and record.type == "CNAME":
                raise CloudflareError(400, 9039, "CNAME content cannot reference itself.")
            if record.type == "MX" and record.priority is None:
                raise CloudflareError(400, 9101, "priority is a required field.")
        case _:
            if not record.content:
                raise CloudflareError(400, 9009, f"Content for {record.type} record is missing.")


def check_among(record: DnsRecord, others: list[DnsRecord]) -> None:
    """Reject a record that conflicts with another record of the zone."""
    same_name = [other for other in others if other.name == record.name and other.id != record.id]
    if any((other.type, other.content) == (record.type, record.content) for other in same_name):
        raise CloudflareError(400, 81058, "An identical record already exists.")
    types = {other.type for other in same_name}
    if record.type == "CNAME" and types & ADDRESSES:
        raise CloudflareError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
    if record.type in ADDRESSES and "CNAME" in types:
        raise CloudflareError(400, 81054, "A CNAME record with that host already exists.")
    if record.type in ADDRESSES and "NS" in types:
        raise CloudflareError(400, 81056, "NS records with that host already exist.")
