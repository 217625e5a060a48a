"""The regions, sizes and images of the local cloud: a selection of DigitalOcean's.

Slugs, memory, disks and prices are DigitalOcean's. The ids are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Region:
    """A datacentre."""

    slug: str
    name: str


@dataclass(frozen=True)
class Size:
    """A size of droplets. Prices are in US dollars."""

    slug: str
    memory_mib: int
    vcpus: int
    disk_gib: int
    transfer_tb: float
    monthly: float
    regions: frozenset[str]
    description: str = "Basic"

    @property
    def hourly(self) -> float:
        """Price of an hour; a month is 672 hours."""
        return round(self.monthly / 672, 5)


@dataclass(frozen=True)
class Image:
    """A public image."""

    id: int
    slug: str
    name: str
    distribution: str
    min_disk_gib: int
    kind: Literal["distribution", "application"] = "distribution"
    boots: bool = False
    """Whether the local cloud has a root file system for it."""


REGIONS = {
    region.slug: region
    for region in (
        Region("ams3", "Amsterdam 3"),
        Region("blr1", "Bangalore 1"),
        Region("fra1", "Frankfurt 1"),
        Region("lon1", "London 1"),
        Region("nyc1", "New York 1"),
        Region("nyc3", "New York 3"),
        Region("sfo3", "San Francisco 3"),
        Region("sgp1", "Singapore 1"),
        Region("tor1", "Toronto 1"),
    )
}

EVERYWHERE = frozenset(REGIONS)

SIZES = {
    size.slug: size
    for size in (
        Size("s-1vcpu-512mb-10gb", 512, 1, 10, 0.5, 4.0, frozenset({"ams3", "fra1", "nyc1", "sfo3", "sgp1"})),
        Size("s-1vcpu-1gb", 1024, 1, 25, 1.0, 6.0, EVERYWHERE),
        Size("s-1vcpu-2gb", 2048, 1, 50, 2.0, 12.0, EVERYWHERE),
        Size("s-2vcpu-2gb", 2048, 2, 60, 3.0, 18.0, EVERYWHERE),
        Size("s-2vcpu-4gb", 4096, 2, 80, 4.0, 24.0, EVERYWHERE),
        Size("s-4vcpu-8gb", 8192, 4, 160, 5.0, 48.0, EVERYWHERE),
        Size("s-8vcpu-16gb", 16384, 8, 320, 6.0, 96.0, EVERYWHERE),
        Size("g-2vcpu-8gb", 8192, 2, 25, 4.0, 63.0, EVERYWHERE - {"tor1"}, "General Purpose"),
        Size("c-2", 4096, 2, 25, 4.0, 42.0, EVERYWHERE - {"blr1"}, "CPU-Optimized"),
        Size(
            "so1_5-2vcpu-16gb",
            16384,
            2,
            450,
            4.0,
            163.0,
            frozenset({"ams3", "fra1", "nyc1", "nyc3", "sfo3"}),
            "Storage-Optimized",
        ),
    )
}

IMAGES = {
    image.slug: image
    for image in (
        Image(195932981, "debian-13-x64", "13 x64", "Debian", 7, boots=True),
        Image(195932980, "debian-12-x64", "12 x64", "Debian", 7),
        Image(195932979, "ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu", 7),
        Image(195932978, "ubuntu-22-04-x64", "22.04 (LTS) x64", "Ubuntu", 7),
        Image(195932977, "docker-20-04", "Docker on Ubuntu 22.04", "Ubuntu", 25, kind="application"),
    )
}


def find_image(slug_or_id: str | int) -> Image | None:
    """Return the image with this slug or id, or ``None``."""
    if image := IMAGES.get(str(slug_or_id)):
        return image
    return next((image for image in IMAGES.values() if str(image.id) == str(slug_or_id)), None)
