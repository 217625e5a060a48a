"""Which droplets get another shutdown request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.config.loading import ProviderAccess
from components.droplets.address_book import AddressBook
from components.droplets.inventory import Inventory
from components.etcd.cluster_client import ClusterClient
from tests.unit.components.config.valid_settings import settings


class KnownDroplets(AddressBook):
    """A listing that the test wrote."""

    async def droplets(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"id": 1, "name": "a", "status": "off"},
            {"id": 2, "name": "a", "status": "active"},
            {"id": 3, "name": "b", "status": "active"},
            {"id": 4, "name": "a", "status": "new"},
        ]


class KnownInventory(Inventory):
    """An account that is not listed."""

    def __init__(self) -> None:
        self.access = ProviderAccess("https://api.example.test", "token")
        self.book = KnownDroplets(settings(), "etcd-test")
        self.existing = pulumi.Output.from_input(frozenset[str]())
        self.unguarded = pulumi.Output.from_input(False)


@pytest.fixture(autouse=True)
def _forget_outputs() -> Iterator[None]:
    """Outputs that no test awaited belong to a closed event loop."""
    yield
    SETTINGS.outputs.clear()


async def test_only_the_members_active_droplet_is_shut_down_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def retry(_: object, droplet: int, **__: object) -> str:
        return f"shutdown of {droplet}"

    monkeypatch.setattr("components.etcd.cluster_client.retry_shutdown", retry)
    client = ClusterClient(
        settings(),
        account=KnownInventory(),
        ca_certificate=pulumi.Output.from_input(""),
        operator_certificate=pulumi.Output.from_input(""),
        operator_key=pulumi.Output.from_input(""),
    )
    assert await client.retry_shutdown("a", since=1.0, unresponsive=False) == {"shutdown of 2"}
