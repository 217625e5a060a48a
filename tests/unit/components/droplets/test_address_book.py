"""Members' addresses as the DigitalOcean API lists them."""

from __future__ import annotations

from typing import Any

import pytest

from components.droplets.address_book import member_addresses


def droplet(name: str, *networks: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "networks": {"v4": [{"ip_address": ip, "type": kind} for ip, kind in networks]},
    }


@pytest.mark.parametrize(("kind", "address"), [("public", "203.0.113.10"), ("private", "10.10.0.2")])
def test_the_address_is_of_the_wanted_kind(kind: Any, address: str) -> None:
    listed = [droplet("a", ("10.10.0.2", "private"), ("203.0.113.10", "public"))]
    assert member_addresses(listed, kind) == {"a": address}


def test_a_droplet_that_is_still_being_made_has_no_address() -> None:
    assert member_addresses([droplet("a")], "public") == {}


def test_of_two_droplets_with_one_name_the_newer_one_counts() -> None:
    old, new = droplet("a", ("203.0.113.10", "public")), droplet("a", ("203.0.113.11", "public"))
    assert member_addresses([{**new, "id": 2}, old], "public") == {"a": "203.0.113.11"}
