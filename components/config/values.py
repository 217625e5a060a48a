"""The forms of single values in a cluster's settings."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_address
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SLUG = re.compile(r"[a-z0-9][a-z0-9.-]*")
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
ZONE_ID = re.compile(r"[0-9a-f]{32}")
VPC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
URL = re.compile(r"https?://[!-~]+")
SHORTEST_LIKELY_PREFIX = 8
"""The shortest prefix of a network that an organization can have. No advice names a larger network."""
PRIVATE_KEY = "PRIVATE KEY"
"""Words in the first line of each private key in PEM."""
HEADER_VALUE = re.compile(r"[!-~]+")
"""A token or a key as an HTTP header takes it. The error about another one would show it."""
NO_HEADER_VALUE = "has a space, a line break or another character that no {} has"
"""What is wrong with such a token or key."""
KEY_REFERENCE = re.compile(r"[0-9]+|[0-9a-f]{2}(:[0-9a-f]{2}){15}")


def _network(value: Any) -> IPv4Network:
    example = "198.51.100.0/24 or 198.51.100.7/32"
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write a string with an IPv4 network, such as {example}")  # noqa: TRY004
    try:
        network = IPv4Network(value, strict=False)
    except ValueError as error:
        raise ValueError(f"write an IPv4 network, such as {example}") from error
    address = value.partition("/")[0]
    if str(network.network_address) != address:
        if network.prefixlen < SHORTEST_LIKELY_PREFIX:
            raise ValueError(
                f"the prefix length {network.prefixlen} is probably mistyped, because no network of so many addresses "
                f"begins there: write the network, such as {example}"
            )
        raise ValueError(f"write {network} for the whole network, or {address}/32 for the address alone")
    return network


def _as_tuple(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _is_dns_name(value: str) -> bool:
    """Whether a name can be one in DNS. A last label of digits is part of an address (RFC 1123, 2.1)."""
    labels = value.split(".")
    return len(value) <= 253 and all(LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()


def _domain_name(value: str) -> str:
    if "." not in value or not _is_dns_name(value):
        raise ValueError(
            "write a lower-case DNS name with at least two labels, the last of which is no number, such as "
            "etcd.example.com (RFC 1123)"
        )
    return value


def _zone(value: str) -> str:
    return _domain_name(value) if value else ""


def _zone_id(value: str) -> str:
    if value and not ZONE_ID.fullmatch(value):
        raise ValueError(
            "write the 32 hexadecimal digits that Cloudflare shows on the zone's page, in lower case, or remove it to "
            "find the zone by its name"
        )
    return value


def _vpc_id(value: str) -> str:
    if value and not VPC_ID.fullmatch(value):
        raise ValueError(
            "write the UUID of a VPC (doctl vpcs list), in lower case, or remove it for a VPC of the cluster's own"
        )
    return value


def is_address(name: str) -> bool:
    """Whether a name in a certificate is an IP address. One with a zone, such as ``%eth0``, cannot be in it."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return "%" not in name


def _subject_name(value: str) -> str:
    if is_address(value):
        return str(ip_address(value))
    if len(value) > 253 or not _is_dns_name(value.removeprefix("*.")):
        raise ValueError(
            "write lower-case DNS names and IP addresses, such as etcd.example.com or 203.0.113.7. The last label of a "
            "name is no number, and an address has no zone, such as %eth0"
        )
    return value


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError(
            "write a DigitalOcean slug, in lower case, such as fra1, debian-13-x64 or s-2vcpu-2gb"
        )
    return value


def number_as_text(value: Any) -> Any:
    """A whole number as text, such as the id of a key. Another value stays as it is.

    An output of a program in another language has such a number as a float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return value
    return f"{value:.0f}"


def _key_reference(value: str) -> str:
    if not KEY_REFERENCE.fullmatch(value):
        raise ValueError(
            "write the id or the MD5 fingerprint, in lower case, of a key in the DigitalOcean account, "
            "such as 3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45"
        )
    return value


def _possible(url: str) -> SplitResult | None:
    """The parts of a URL; ``None`` if its host or its port cannot be one."""
    try:
        parts = urlsplit(url)
        possible = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if possible else None


def checked_url(value: str, *, query: bool = False) -> str:
    """The URL of a server without a slash at its end. With ``query``, it may be that of a file, with a query.

    Raises ``ValueError`` for a URL that a client of HTTP does not take, with what to do.
    """
    if not URL.fullmatch(value):
        raise ValueError(
            "write a complete URL that starts with https:// or http://, without spaces and in ASCII characters"
        )
    if (parts := _possible(value)) is None:
        raise ValueError(
            "its host or its port cannot be one: write a complete URL, such as https://www.example.com:8443"
        )
    if "@" in parts.netloc:
        raise ValueError(
            "a user name and a password in a URL do not work here: remove all between // and @, and the @"
        )
    if "#" in value or ("?" in value and not (query and parts.path)):
        raise ValueError(
            f"remove the {'#' if '#' in value else '?'} and all after it, because requests cannot have it here"
        )
    return value.rstrip("/")


def _release_url(value: str) -> str:
    if re.search("[{}]", value.replace("{version}", "")):
        raise ValueError(
            "only {version} is replaced, by the version: correct or remove what is in other braces. A brace of the URL "
            "itself is %7B or %7D"
        )
    return checked_url(value, query=True)


def _email_address(value: str) -> str:
    if not EMAIL.fullmatch(value):
        raise ValueError(
            "write email addresses that are verified in the DigitalOcean team, such as ops@example.com, each without "
            "a name or other characters around it"
        )
    return value


Entry = TypeVar("Entry")
ListOf = Annotated[tuple[Entry, ...], BeforeValidator(_as_tuple)]
"""A list. Validation is strict, and would not take one for a tuple."""
Network = Annotated[IPv4Network, BeforeValidator(_network)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]
ZoneName = Annotated[str, AfterValidator(_zone)]
ZoneId = Annotated[str, AfterValidator(_zone_id)]
VpcId = Annotated[str, AfterValidator(_vpc_id)]
SubjectName = Annotated[str, AfterValidator(_subject_name)]
DomainName = Annotated[str, AfterValidator(_domain_name)]
Slug = Annotated[str, AfterValidator(_slug)]
KeyReference = Annotated[str, BeforeValidator(number_as_text), AfterValidator(_key_reference)]
Url = Annotated[str, AfterValidator(checked_url)]
ReleaseUrl = Annotated[str, AfterValidator(_release_url)]
