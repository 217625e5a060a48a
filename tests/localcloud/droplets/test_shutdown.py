"""Shutdowns and deletions of droplets that the program asks for itself, tested with the stand-in API."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import httpx
import pytest

from components.config.loading import ProviderAccess
from components.droplets import shutdown
from components.droplets.shutdown import RemovalError, remove_droplet, retry_shutdown, shutdown_was_requested
from localcloud.api.digitalocean import views
from localcloud.tokens import DIGITALOCEAN_TOKEN

VOLUME = {"name": "etcd-1", "region": "fra1", "size_gigabytes": 1, "description": "etcd data of a"}


@pytest.fixture
def access(lab: Any) -> ProviderAccess:
    return ProviderAccess(lab.url("digitalocean"), DIGITALOCEAN_TOKEN)


async def test_a_droplet_is_shut_down_and_its_volume_is_kept(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    orphan = droplet(name="a", volumes=[volume])["id"]
    await remove_droplet(access, orphan, seconds=20)
    assert http.get(f"/v2/droplets/{orphan}").status_code == 404
    assert http.get(f"/v2/volumes/{volume}").json()["volume"]["droplet_ids"] == []
    await remove_droplet(access, orphan, seconds=20)


async def test_a_shutdown_is_retried_only_after_a_recent_shutdown_request(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    asked = droplet(name="a")["id"]
    path = f"/v2/droplets/{asked}/actions"
    began = time.time()
    lately = partial(retry_shutdown, access, limit=180, now=began)
    assert not await lately(asked, since=began, unresponsive=False)
    assert not await lately(asked, since=began, unresponsive=True)
    assert not await shutdown_was_requested(access, asked, since=began)
    http.post(path, json={"type": "shutdown"})
    lab.settle()
    assert await shutdown_was_requested(access, asked, since=began)
    assert not await shutdown_was_requested(access, asked + 1, since=began)
    assert not await lately(asked, since=time.time() + 60, unresponsive=True)
    assert await lately(asked, since=began, unresponsive=False) == "shutdown"
    lab.settle()
    assert [action["type"] for action in http.get(path).json()["actions"]].count("shutdown") == 2
    assert not await lately(asked + 1, since=began, unresponsive=False)


async def test_an_unresponsive_droplet_is_powered_off(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> bool:
        return False

    monkeypatch.setattr(lab.host, "shutdown", hang)
    hanging = droplet(name="a")["id"]
    began = time.time()
    http.post(f"/v2/droplets/{hanging}/actions", json={"type": "shutdown"})
    lab.settle()
    last_resort = partial(retry_shutdown, access, since=began, now=began, limit=180, unresponsive=True)
    assert await last_resort(hanging) == "power_off"
    lab.settle()
    assert http.get(f"/v2/droplets/{hanging}").json()["droplet"]["status"] == "off"


async def test_a_droplet_that_is_being_deleted_gets_time_to_disappear(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def delete_slowly(*_: object) -> None:
        await asyncio.sleep(0.3)

    monkeypatch.setattr(shutdown, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(lab.host, "delete", delete_slowly)
    orphan = droplet(name="a")["id"]
    http.post(f"/v2/droplets/{orphan}/actions", json={"type": "power_off"})
    lab.settle()
    await remove_droplet(access, orphan, seconds=0)
    assert http.get(f"/v2/droplets/{orphan}").status_code == 404


@pytest.fixture
def never_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the API show no droplet as locked, also while an action runs."""
    shown = views.droplet
    monkeypatch.setattr(views, "droplet", lambda *given: {**shown(*given), "locked": False})


@pytest.fixture
def busy(
    http: httpx.Client, droplet: Any, lab: Any, monkeypatch: pytest.MonkeyPatch, never_locked: None
) -> int:
    """A droplet with a volume and with a shutdown that is in progress for half a second, and then fails."""

    async def end_late(*_: object) -> bool:
        return await asyncio.sleep(0.5, result=False)

    monkeypatch.setattr(shutdown, "POLL_SECONDS", 0.05)
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    orphan = droplet(name="a", volumes=[volume])["id"]
    with monkeypatch.context() as slow:
        slow.setattr(lab.host, "shutdown", end_late)
        http.post(f"/v2/droplets/{orphan}/actions", json={"type": "shutdown"}).raise_for_status()
    return orphan


@pytest.mark.parametrize("listed", [True, False], ids=["the action is listed", "no listing has it yet"])
async def test_a_deletion_waits_for_an_action_that_locks_nothing(
    access: ProviderAccess, http: httpx.Client, busy: int, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    if not listed:
        monkeypatch.setattr(views, "action", lambda action: {"id": action.id, "status": "completed"})
    await remove_droplet(access, busy, seconds=20)
    assert http.get(f"/v2/droplets/{busy}").status_code == 404


async def test_a_deletion_ends_at_its_limit_while_an_action_runs(access: ProviderAccess, busy: int) -> None:
    with pytest.raises(RemovalError, match=r"\(a\) is not free of running actions in time: status active"):
        await remove_droplet(access, busy, seconds=0.1)
