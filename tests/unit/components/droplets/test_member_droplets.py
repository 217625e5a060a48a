"""What a run asks and does about its members' droplets, outside of the engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any

import pytest
from pulumi.runtime.settings import SETTINGS

from components.api.listing import ListingError
from components.droplets.inventory import Inventory
from components.droplets.member_droplets import MemberDroplets
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.droplets.known_account import NEW, KnownInventory


@pytest.fixture(autouse=True)
def _forget_outputs() -> Iterator[None]:
    """Outputs that no test awaited belong to a closed event loop."""
    yield
    SETTINGS.outputs.clear()


def droplets(account: Inventory | None = None) -> MemberDroplets:
    return MemberDroplets(settings(), account or KnownInventory(NEW))


async def test_only_the_members_active_droplet_is_shut_down_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def retry(_: object, droplet: int, **__: object) -> str:
        return f"shutdown of {droplet}"

    monkeypatch.setattr("components.droplets.member_droplets.retry_shutdown", retry)
    assert await droplets().retry_shutdown("a", since=1.0, unresponsive=False) == {"shutdown of 2"}


@pytest.mark.parametrize("ahead", [7200.0, -7200.0])
async def test_shutdown_requests_are_compared_by_the_apis_clock(
    monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    times: list[float] = []

    async def asked(*_: object, since: float) -> bool:
        times.append(since)
        return True

    async def retry(*_: object, since: float, now: float, **__: object) -> str:
        times.extend([since, now])
        return "shutdown"

    monkeypatch.setattr("components.droplets.member_droplets.shutdown_was_requested", asked)
    monkeypatch.setattr("components.droplets.member_droplets.retry_shutdown", retry)
    account = KnownInventory(NEW)
    present = time.time()
    account.clock.note(formatdate(present - ahead, usegmt=True), sent=present, received=present)
    members = droplets(account)
    assert await members.shutdown_was_requested("a", since=present)
    await members.retry_shutdown("a", since=present, unresponsive=False)
    assert times == [pytest.approx(present - ahead, abs=3)] * 3


@pytest.mark.parametrize(
    ("droplet", "deleted"),
    [
        (None, True),
        ({"tags": []}, False),
        (ListingError("429", temporary=True), False),
    ],
    ids=["404", "not listed yet", "unknown"],
)
async def test_only_a_404_for_the_droplet_itself_says_that_it_was_deleted(
    monkeypatch: pytest.MonkeyPatch, droplet: Any, deleted: bool
) -> None:
    async def read(*asked: str) -> Mapping[str, Any] | None:
        assert asked[1:3] == ("droplets", "7")
        if isinstance(droplet, Exception):
            raise droplet
        return droplet

    monkeypatch.setattr("components.droplets.address_book.read_one", read)
    members = droplets()
    members._book.listed = [{"id": 3}]
    assert await members.deleted({"a": "7", "b": "3"}) == ({"a": "7"} if deleted else {})
