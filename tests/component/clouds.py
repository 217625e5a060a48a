"""The clouds that a run of the program under the recording monitor asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from components.api.listing import ListingError
from components.config.loading import ProviderAccess
from components.etcd.cluster_client import ClusterClient
from components.etcd.node_report import NodeReport

KEY = "3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45"
"""Fingerprint of the one SSH key in the account, whose id is 512101."""
NEW_KEY = "fd:f1:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45"
"""Fingerprint of a key that a program creates."""
IMAGES = {"debian-13-x64": 7, "debian-12-x64": 7, "large": 60, "too-large": 61}
"""For each image, GiB of the smallest disk that it needs."""
CATALOG: dict[str, list[dict[str, Any]]] = {
    "regions": [
        {"slug": slug, "available": True, "sizes": ["s-2vcpu-2gb", "s-2vcpu-4gb"]}
        for slug in ("ams3", "fra1", "nyc3")
    ],
    "sizes": [
        {"slug": "s-2vcpu-2gb", "memory": 2048, "disk": 60, "available": True},
        {"slug": "s-2vcpu-4gb", "memory": 4096, "disk": 80, "available": True},
    ],
    "ssh_keys": [{"id": 512101, "name": "ops", "fingerprint": KEY}],
}
"""What DigitalOcean offers, and the SSH keys of the account. It may have 25 droplets and has 20."""
VPC_ID = "5a4981aa-9653-4bd1-bef5-d6bff52042e4"
VPCS = {
    VPC_ID: {"id": VPC_ID, "region": "fra1"},
    "7b3b7b2e-9653-4bd1-bef5-d6bff52042e4": {"region": "ams3"},
}
"""The VPCs of the account, by id."""
OPERATOR = "198.51.100.10"
"""The address from which members see this machine."""


def image(slug: str) -> dict[str, Any]:
    """One of DigitalOcean's own images."""
    return {
        "slug": slug,
        "public": True,
        "distribution": "Debian",
        "regions": ["ams3", "fra1", "nyc3"],
        "min_disk_size": IMAGES[slug],
        "status": "available",
    }


TOKENS = ("DIGITALOCEAN_TOKEN", "CLOUDFLARE_API_TOKEN", "SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY")
"""The environment variables of the default providers."""


@dataclass(frozen=True)
class Clouds:
    """What DigitalOcean, Cloudflare and the members answer."""

    discovered: Sequence[dict[str, Any]]
    """The droplets that the discovery token lists."""
    account: Sequence[dict[str, Any]]
    """The droplets that the provider's token lists."""
    volumes: Sequence[dict[str, Any]]
    tags: Collection[str]
    catalog: Mapping[str, list[dict[str, Any]]] | None
    """What DigitalOcean offers; ``None`` is an API that fails."""
    records: Sequence[dict[str, Any]]
    """The records in the zone."""
    requests: list[tuple[str, str]]
    """Gets URL and token of each request."""
    deleted: Collection[str] = ()
    """The ids of droplets in the engine's state that do not exist any more."""

    def answer(self, monkeypatch: pytest.MonkeyPatch, *, preview: bool) -> None:
        """Let the program ask these clouds. Members are not asked in a preview."""
        monkeypatch.setattr("components.infra.record_check.records_in_zone", self._records)
        monkeypatch.setattr("components.droplets.preflight.list_all", self._offered)
        monkeypatch.setattr("components.droplets.preflight.read_one", self._read)
        monkeypatch.setattr("components.droplets.discovery_check.read_one", self._read)
        monkeypatch.setattr("components.droplets.address_book.list_all", self._listing)
        monkeypatch.setattr("components.droplets.address_book.read_one", self._read)
        monkeypatch.setattr("components.droplets.inventory.list_all", self._listing)
        monkeypatch.setattr("components.droplets.inventory.PAUSE_SECONDS", 0)
        monkeypatch.setattr(ClusterClient, "reports", _reports)
        if preview:
            monkeypatch.setattr(ClusterClient, "observe", _nobody)
        for variable in TOKENS:
            monkeypatch.setenv(variable, f"the-{variable}")

    async def _listing(
        self, url: str, kind: str, token: str, tag_name: str = "", **_: object
    ) -> Sequence[dict[str, Any]]:
        self.requests.append((url, token))
        if kind == "tags":
            return [{"name": name, "resources": {"count": 0}} for name in self.tags]
        if kind == "volumes":
            return self.volumes
        return self.discovered if tag_name else self.account

    async def _offered(self, url: str, kind: str, token: str, **_: object) -> Sequence[dict[str, Any]]:
        self.requests.append((url, token))
        if self.catalog is None:
            raise ListingError("https://api.test answered 500", temporary=True)
        return [{}] * 20 if kind == "droplets" else self.catalog[kind]

    async def _read(self, url: str, kind: str, key: str, token: str, **_: object) -> dict[str, Any] | None:
        self.requests.append((url, token))
        if self.catalog is None:
            raise ListingError("https://api.test answered 500", temporary=True)
        if kind == "droplets":
            return None if key in self.deleted else {"tags": []}
        if kind == "account":
            return {"droplet_limit": 25}
        if kind == "tags":
            return {"name": key}
        if kind == "vpcs":
            return VPCS.get(key)
        return image(key) if key in IMAGES else None

    async def _records(self, access: ProviderAccess, *_: object, **__: object) -> Sequence[dict[str, Any]]:
        self.requests.append((access.api_url, access.token))
        return self.records


async def _reports(_: object, names: Collection[str]) -> Mapping[str, NodeReport]:
    return dict.fromkeys(names, NodeReport("inactive", "active", seen_from=OPERATOR))


async def _nobody(_: object) -> Mapping[str, Any]:
    return {}
