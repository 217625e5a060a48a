"""Shutting droplets down, and removing one that no stack knows, as the provider does it (DigitalOcean API v2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from components.configuration import ProviderAccess
from components.patient_client import client

POLL_SECONDS = 1
RECENT_ACTIONS = 20
CLOCK_SECONDS = 5
"""By which this machine's clock and the API's may differ."""


class RemovalError(Exception):
    """The droplet is still there; the text says what was last seen of it."""


async def remove_droplet(access: ProviderAccess, droplet: int, *, seconds: float) -> None:
    """Wait until it is unlocked, shut it down, detach its volumes, delete it, and wait until it is gone.

    ``seconds`` is the limit of all of it together. One that is gone already is fine. Raises ``RemovalError``.
    """
    deadline = time.monotonic() + seconds
    async with client(access, "/v2/") as api:
        try:
            await _remove(api, f"droplets/{droplet}", deadline)
        except httpx.HTTPError as error:
            raise RemovalError(f"droplet {droplet}: {type(error).__name__} {error}") from error


async def repeat_shutdown(access: ProviderAccess, droplet: int, *, since: float) -> bool:
    """Repeat a droplet's shutdown, if it was asked for since a Unix time and nothing is under way; whether it was.

    An answer that is no success is none: somebody asks later.
    """
    path = f"droplets/{droplet}/actions"
    async with client(access, "/v2/") as api:
        try:
            answer = await api.get(path, params={"per_page": RECENT_ACTIONS})
            actions = answer.raise_for_status().json()["actions"]
            if not may_be_repeated(actions, since):
                return False
            return (await api.post(path, json={"type": "shutdown"})).is_success
        except httpx.HTTPError:
            return False


def may_be_repeated(actions: Sequence[Mapping[str, Any]], since: float) -> bool:
    """Whether a droplet's actions have a shutdown since a Unix time, and none of them is under way."""
    asked = [
        action
        for action in actions
        if action["type"] == "shutdown"
        and datetime.fromisoformat(action["started_at"]).timestamp() >= since - CLOCK_SECONDS
    ]
    return bool(asked) and all(action["status"] != "in-progress" for action in actions)


async def _remove(api: httpx.AsyncClient, path: str, deadline: float) -> None:
    async def look() -> dict[str, Any] | None:
        answer = await api.get(path)
        if answer.status_code == 404:
            return None
        return answer.raise_for_status().json()["droplet"]

    async def until(done: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any] | None:
        while (seen := await look()) is not None and not done(seen):
            if time.monotonic() >= deadline:
                raise RemovalError(
                    f"droplet {seen['id']} ({seen['name']}) is not {what} in time: status {seen['status']}, "
                    f"locked {seen['locked']}. Remove it by hand, or run pulumi up again"
                )
            await asyncio.sleep(POLL_SECONDS)
        return seen

    if (seen := await until(lambda one: not one["locked"], "unlocked")) is None:
        return
    if seen["status"] == "active":
        (await api.post(f"{path}/actions", json={"type": "shutdown"})).raise_for_status()
        seen = await until(lambda one: one["status"] == "off" and not one["locked"], "off")
        if seen is None:
            return
    for volume in seen["volume_ids"]:
        detach = {"type": "detach", "droplet_id": seen["id"]}
        (await api.post(f"volumes/{volume}/actions", json=detach)).raise_for_status()
        await until(lambda one, volume=volume: volume not in one["volume_ids"], f"free of volume {volume}")
    answer = await api.delete(path)
    if answer.status_code != 404:
        answer.raise_for_status()
    await until(lambda _: False, "gone")
