"""Helping droplets down, and removing one that no stack knows, as the provider does it (DigitalOcean API v2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess
from components.shared.shutdown_requests import shutdown_requests

POLL_SECONDS = 1
RECENT_ACTIONS = 20

DOWN_SECONDS = 40
"""By when a machine is off that has heard an orderly shutdown."""


class RemovalError(Exception):
    """The droplet is still there; the text says what was last seen of it."""


async def remove_droplet(access: ProviderAccess, droplet: int, *, seconds: float) -> None:
    """Wait until it is unlocked, shut it down, detach its volumes, delete it, and wait until it is gone.

    ``seconds`` is the limit of all of it together. One that is gone already is fine. Raises ``RemovalError``.
    """
    deadline = time.monotonic() + seconds
    async with RetryingClient(access, "/v2/") as api:
        try:
            await _remove(api, f"droplets/{droplet}", deadline)
        except httpx.HTTPError as error:
            raise RemovalError(f"droplet {droplet}: {type(error).__name__} {error}") from error


async def push(access: ProviderAccess, droplet: int, *, since: float, limit: float, hangs: bool) -> str:
    """Help a droplet down that the provider waits for: the type of the action that was begun, or an empty text.

    ``since``, ``limit`` and ``hangs`` are those of ``next_push``. An answer that is no success is none: somebody asks
    later.
    """
    path = f"droplets/{droplet}/actions"
    async with RetryingClient(access, "/v2/") as api:
        try:
            answer = await api.get(path, {"per_page": RECENT_ACTIONS})
            actions = answer.raise_for_status().json()["actions"]
            wanted = next_push(actions, since=since, now=time.time(), limit=limit, hangs=hangs)
            if not wanted:
                return ""
            return wanted if (await api.post(path, {"type": wanted})).is_success else ""
        except httpx.HTTPError:
            return ""


def next_push(
    actions: Sequence[Mapping[str, Any]], *, since: float, now: float, limit: float, hangs: bool
) -> str:
    """The type of the action that helps a droplet down; empty when there is nothing to do.

    Nothing without a shutdown at ``since``, in Unix time, or later: nobody wants it down. Nothing while an action is
    under way. Nothing when the provider, which waits for ``limit`` seconds, is about to give up: the machine would
    go after a run that has failed. One that ``hangs`` does not hear another shutdown, and loses its power.
    """
    asked = shutdown_requests(actions, since)
    if not asked or any(action["status"] == "in-progress" for action in actions):
        return ""
    if now > min(asked) + limit - min(DOWN_SECONDS, limit / 3):
        return ""
    return "power_off" if hangs else "shutdown"


async def _remove(api: RetryingClient, path: str, deadline: float) -> None:
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
        (await api.post(f"{path}/actions", {"type": "shutdown"})).raise_for_status()
        seen = await until(lambda one: one["status"] == "off" and not one["locked"], "off")
        if seen is None:
            return
    for volume in seen["volume_ids"]:
        detach = {"type": "detach", "droplet_id": seen["id"]}
        (await api.post(f"volumes/{volume}/actions", detach)).raise_for_status()
        await until(lambda one, volume=volume: volume not in one["volume_ids"], f"free of volume {volume}")
    answer = await api.delete(path)
    if answer.status_code != 404:
        answer.raise_for_status()
    await until(lambda _: False, "gone")
