"""The proxy that the environment names for a URL, by the rules of the providers' plugins.

The plugins are Go programs, so the rules are those of Go (``golang.org/x/net/http/httpproxy``). Python's own differ:
they ask the system where the environment has no proxy, know no networks in ``NO_PROXY``, and use a proxy for localhost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
"""The schemes of proxies."""

PORTS = {"http": 80, "https": 443}
"""The port of a URL that names none."""

FOUR_NUMBERS = re.compile(r"\d+(?:\.\d+){3}")
"""The form of an IPv4 address."""


class ProxyError(Exception):
    """The environment names a proxy that cannot be one. The text says what to do, and shows no password."""


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The URL of the proxy through which a URL is requested; ``None`` for a direct connection.

    ``HTTP_PROXY`` and ``HTTPS_PROXY`` name it by the URL's scheme, ``NO_PROXY`` has the exceptions. Upper-case names
    come first, and ``ALL_PROXY`` does not count. Raises ``ProxyError``.
    """
    parts = urlsplit(url)
    proxy = _setting(environment, f"{parts.scheme}_proxy") if parts.scheme in PORTS else ""
    if not proxy or _is_excepted(parts, _setting(environment, "no_proxy")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        named = urlsplit(proxy)
        possible = named.scheme in SCHEMES and _is_host(named.hostname) and named.port != 0
    except ValueError:
        possible = False
    if not possible or not proxy.isascii() or not proxy.isprintable():
        raise ProxyError(
            f"{parts.scheme.upper()}_PROXY (or {parts.scheme}_proxy) in the environment is not the URL of a proxy: "
            "write scheme, host and port, such as http://proxy.example.com:3128, or unset it"
        )
    return proxy


def _setting(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _is_host(name: str | None) -> bool:
    """Whether httpx takes this host: it rejects four numbers that are no address."""
    return bool(name) and (not FOUR_NUMBERS.fullmatch(name) or _address(name) is not None)


def _is_excepted(parts: SplitResult, exceptions: str) -> bool:
    host = (parts.hostname or "").lower()
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = str(parts.port or PORTS[parts.scheme])
    return any(_matches(one.strip().lower(), host, address, port) for one in exceptions.split(","))


def _matches(exception: str, host: str, address: IPv4Address | IPv6Address | None, port: str) -> bool:
    """Whether an entry of ``NO_PROXY`` is for a host: ``*``, a network, an address or a domain.

    An address or a domain may have a port.
    """
    if exception in {"", "*"}:
        return exception == "*"
    if "/" in exception:
        try:
            return address is not None and address in ip_network(exception, strict=False)
        except ValueError:
            return False
    name, only_port = _split_port(exception)
    if only_port not in {"", port}:
        return False
    if (excepted := _address(name)) is not None:
        return excepted == address
    domain = name.removeprefix("*").removeprefix(".")
    return bool(domain) and (host.endswith(f".{domain}") or (host == domain and name == domain))


def _split_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        return name, rest.removeprefix(":")
    name, colon, port = text.partition(":")
    return (text, "") if ":" in port else (name, port if colon else "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
