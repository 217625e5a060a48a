"""Which droplets are helped down: those of the member that are still on."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi.runtime.settings import SETTINGS

from components.etcd.cluster_client import ClusterClient
from tests.unit.components.config.valid_settings import settings


@pytest.fixture(autouse=True)
def outputs() -> Iterator[None]:
    """What nobody has awaited belongs to a loop that is closed."""
    yield
    SETTINGS.outputs.clear()


async def test_a_droplet_that_is_off_already_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Book:
        async def droplets(self) -> list[dict[str, Any]]:
            return [
                {"id": 1, "name": "a", "status": "off"},
                {"id": 2, "name": "a", "status": "active"},
                {"id": 3, "name": "b", "status": "active"},
                {"id": 4, "name": "a", "status": "new"},
            ]

    async def retry_shutdown(_: object, droplet: int, **__: object) -> str:
        return f"asked {droplet}"

    monkeypatch.setattr("components.etcd.cluster_client.retry_shutdown", retry_shutdown)
    account = SimpleNamespace(access=None, book=Book(), existing=None, unguarded=None)
    members = ClusterClient(
        settings(),
        account=cast("Any", account),
        ca_certificate=cast("Any", ""),
        operator_certificate=cast("Any", ""),
        operator_key=cast("Any", ""),
    )
    assert await members.retry_shutdown("a", since=1.0, unresponsive=False) == {"asked 2"}
