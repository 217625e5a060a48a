"""Addresses of droplets."""

from __future__ import annotations

from typing import Any

import pytest

from components.shared.droplets import addresses_by_name, ipv4_address

BOTH = {
    "networks": {
        "v4": [
            {"type": "private", "ip_address": "10.0.0.2"},
            {"type": "public", "ip_address": "203.0.113.2"},
        ]
    }
}


@pytest.mark.parametrize(
    ("droplet", "kind", "address"),
    [
        (BOTH, "public", "203.0.113.2"),
        (BOTH, "private", "10.0.0.2"),
        ({"networks": {"v4": []}}, "public", ""),
        ({"networks": {"v4": None}}, "public", ""),
        ({"networks": None}, "public", ""),
        ({}, "public", ""),
    ],
)
def test_a_droplets_address_is_that_of_the_kind(droplet: dict[str, Any], kind: str, address: str) -> None:
    assert ipv4_address(droplet, kind) == address


def test_the_newest_droplet_of_a_name_that_has_an_address_counts() -> None:
    droplets = [(7, "a", "203.0.113.7"), (3, "a", "203.0.113.3"), (9, "a", ""), (4, "b", "")]
    assert addresses_by_name(droplets) == {"a": "203.0.113.7"}
