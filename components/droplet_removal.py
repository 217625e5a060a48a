"""Removing a droplet that no stack knows, in the steps of the provider's own delete (DigitalOcean API v2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from components.configuration import ProviderAccess
from components.removal import client

POLL_SECONDS = 1


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
