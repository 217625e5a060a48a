"""The program uses the proxy that the providers' plugins use, which are Go programs."""

from __future__ import annotations

import pytest

from components.config.proxy import ProxyError, proxy_for

PROXY = "http://proxy.test:3128"
API = "https://api.digitalocean.com/v2/droplets"
LOCAL = "http://203.0.113.1:8080/v2"


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({"HTTPS_PROXY": PROXY}, API, PROXY),
        ({"https_proxy": PROXY}, API, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other.test"}, API, PROXY),
        ({"https_proxy": "proxy.test:3128"}, API, PROXY),
        ({"https_proxy": "socks5://proxy.test"}, API, "socks5://proxy.test"),
        ({"http_proxy": PROXY}, API, None),
        ({"http_proxy": PROXY}, LOCAL, PROXY),
        ({"ALL_PROXY": PROXY}, API, None),
        ({"http_proxy": PROXY}, "http://localhost:8080", None),
        ({"http_proxy": PROXY}, "http://127.0.0.9:8080", None),
        ({"http_proxy": PROXY}, "http://[::1]:8080", None),
        ({}, API, None),
    ],
)
def test_the_scheme_of_a_url_names_its_proxy(
    environment: dict[str, str], url: str, expected: str | None
) -> None:
    assert proxy_for(url, environment) == expected


@pytest.mark.parametrize(
    "exceptions",
    [
        "*",
        "api.digitalocean.com",
        "other.test, digitalocean.com",
        ".digitalocean.com",
        "*.digitalocean.com",
        "API.digitalocean.com:443",
    ],
)
def test_an_excepted_domain_is_reached_directly(exceptions: str) -> None:
    assert proxy_for(API, {"https_proxy": PROXY, "no_proxy": exceptions}) is None


@pytest.mark.parametrize(
    "exceptions", ["203.0.113.1", "203.0.113.0/24", "203.0.113.1:8080", "10.0.0.0/8,203.0.113.1"]
)
def test_an_excepted_address_or_network_is_reached_directly(exceptions: str) -> None:
    assert proxy_for(LOCAL, {"http_proxy": PROXY, "NO_PROXY": exceptions}) is None


@pytest.mark.parametrize(
    "exceptions",
    [
        "ocean.com",
        "api.digitalocean.com:8443",
        ".api.digitalocean.com",
        "203.0.113.0/24",
        "",
        "bad/network",
        ":443",
        ".",
    ],
)
def test_other_exceptions_leave_the_proxy(exceptions: str) -> None:
    assert proxy_for(API, {"https_proxy": PROXY, "no_proxy": exceptions}) == PROXY


def test_an_address_of_the_new_protocol_may_be_excepted() -> None:
    environment = {"https_proxy": PROXY, "no_proxy": "2001:db8::1,[2001:db8::2]:8443"}
    assert proxy_for("https://[2001:db8::1]", environment) is None
    assert proxy_for("https://[2001:db8::2]:8443", environment) is None
    assert proxy_for("https://[2001:db8::2]", environment) == PROXY


@pytest.mark.parametrize(
    "proxy",
    [
        "127.0.0.1:port",
        "http://[::1",
        "http://",
        "ftp://proxy.test",
        "http://me:5ecret@proxy.test:port",
        "http://999.1.1.1:1",
        "http://proxy.test:1/\x01",
    ],
)
def test_a_proxy_that_cannot_be_one_is_named_and_not_shown(proxy: str) -> None:
    with pytest.raises(
        ProxyError, match=r"^HTTPS_PROXY \(or https_proxy\) in the environment is not"
    ) as named:
        proxy_for(API, {"https_proxy": proxy})
    assert "5ecret" not in str(named.value)
