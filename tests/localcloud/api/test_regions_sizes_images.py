"""Regions, sizes and images."""

from __future__ import annotations

import httpx
import pydo


def test_regions_and_sizes_name_each_other(digitalocean: pydo.Client) -> None:
    regions = {each["slug"]: set(each["sizes"]) for each in digitalocean.regions.list()["regions"]}
    sizes = {each["slug"]: set(each["regions"]) for each in digitalocean.sizes.list()["sizes"]}
    assert {"fra1", "ams3", "nyc3"} <= set(regions)
    assert {"s-1vcpu-1gb", "s-1vcpu-2gb", "s-2vcpu-2gb", "s-2vcpu-4gb"} <= set(sizes)
    assert {(region, size) for region, have in regions.items() for size in have} == {
        (region, size) for size, have in sizes.items() for region in have
    }
    assert any(have != set(regions) for have in sizes.values()), "some size must be missing somewhere"


def test_images_are_found_by_slug_and_by_id(digitalocean: pydo.Client, http: httpx.Client) -> None:
    image = digitalocean.images.get("debian-13-x64")["image"]
    assert digitalocean.images.get(image["id"])["image"] == image
    assert image["distribution"] == "Debian"
    slugs = [each["slug"] for each in digitalocean.images.list(type="distribution")["images"]]
    assert "debian-12-x64" in slugs
    assert "docker-20-04" not in slugs
    assert http.get("/v2/images", params={"private": "true"}).json()["images"] == []
    assert http.get("/v2/images/plan9-x64").status_code == 404
