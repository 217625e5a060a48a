"""Retries shutdowns, powers off unresponsive droplets, and deletes orphaned droplets (DigitalOcean API v2).

The first shutdown of a replacement is the provider's: ``graceful_shutdown`` in components/member.py. When a droplet
counts as unresponsive, components/rollout/watch.py decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from ..api.retrying_client import RetryingClient
from ..config.backup_settings import DELETION_SECONDS
from ..config.loading import ProviderAccess
from ..shared.shutdown_requests import shutdown_requests

POLL_SECONDS = 1
RECENT_ACTIONS = 20

PAUSE_SECONDS = 10
"""Seconds that the provider pauses before each of its waits, also before its first one, for an unlocked droplet.

``resourceDigitalOceanDropletDelete`` in the provider's source. One deadline holds for all of the deletion, and it
counts from the beginning.
"""

DELETED_SECONDS = 60
"""Seconds in which a droplet disappears after DELETE, whatever the time limit of the deletion is."""


class RemovalError(Exception):
    """The droplet was not deleted. The text says what was observed last."""


async def remove_droplet(access: ProviderAccess, droplet: int, *, seconds: float) -> None:
    """Wait until no action runs on a droplet, shut it down, detach its volumes, delete it, and wait until it is gone.

    All before the deletion may take ``seconds``. A droplet that is gone already is no error. Raises ``RemovalError``.
    """
    deadline = time.monotonic() + seconds
    async with RetryingClient(access, "/v2/") as api:
        try:
            await _remove(api, f"droplets/{droplet}", deadline)
        except httpx.HTTPError as error:
            text = f"droplet {droplet} was not deleted: {type(error).__name__} {error}. Run pulumi up again"
            raise RemovalError(text) from error


async def shutdown_was_requested(access: ProviderAccess, droplet: int, *, since: float) -> bool:
    """Whether a shutdown of a droplet was requested since a time by the API's clock. ``False`` if it does not tell."""
    async with RetryingClient(access, "/v2/") as api:
        try:
            return bool(shutdown_requests(await _recent_actions(api, droplet), since))
        except httpx.HTTPError:
            return False


async def retry_shutdown(
    access: ProviderAccess, droplet: int, *, since: float, now: float, limit: float, unresponsive: bool
) -> str:
    """Retry the pending shutdown, or power off an unresponsive droplet.

    Returns the type of the action started, or an empty string. ``since``, ``now``, ``limit`` and ``unresponsive`` are
    those of ``next_shutdown_action``. A failed request is not raised, because the caller tries again later.
    """
    path = f"droplets/{droplet}/actions"
    async with RetryingClient(access, "/v2/") as api:
        try:
            wanted = next_shutdown_action(
                await _recent_actions(api, droplet),
                since=since,
                now=now,
                limit=limit,
                unresponsive=unresponsive,
            )
            if not wanted:
                return ""
            return wanted if (await api.post(path, {"type": wanted})).is_success else ""
        except httpx.HTTPError:
            return ""


def next_shutdown_action(
    actions: Sequence[Mapping[str, Any]], *, since: float, now: float, limit: float, unresponsive: bool
) -> str:
    """Decide which action brings a droplet down: ``shutdown``, ``power_off``, or an empty string for none.

    ``since`` and ``now`` are Unix times by the API's clock.

    - None without a shutdown request since ``since``: nobody wants the droplet down.
    - None while an action is in progress.
    - None in the last seconds of the provider's time limit, ``limit`` seconds: the droplet would go down, and might
      be deleted, after a failed run.
    - ``power_off`` if the droplet is ``unresponsive``, because it would ignore another shutdown.
    """
    asked = shutdown_requests(actions, since)
    if not asked or any(action["status"] == "in-progress" for action in actions):
        return ""
    if now > deletion_began(actions, min(asked), since=since) + limit - min(DELETION_SECONDS, limit / 2):
        return ""
    return "power_off" if unresponsive else "shutdown"


def deletion_began(actions: Iterable[Mapping[str, Any]], asked: float, *, since: float) -> float:
    """The earliest Unix time at which the provider's deletion of a droplet may have begun.

    ``asked`` is the time of its shutdown request. It pauses before it looks at the droplet, and it waits while another
    action locks the droplet. The deletion began no earlier than ``since``.
    """
    began = asked - PAUSE_SECONDS
    earlier = [
        (_unix_time(action["started_at"]), _unix_time(action["completed_at"]))
        for action in actions
        if action.get("completed_at")
    ]
    for started, completed in sorted(earlier, reverse=True):
        if started < asked and completed >= began:
            began = min(began, started - PAUSE_SECONDS)
    return max(began, since)


def _unix_time(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


async def _recent_actions(api: RetryingClient, droplet: int) -> Sequence[Mapping[str, Any]]:
    answer = await api.get(f"droplets/{droplet}/actions", {"per_page": RECENT_ACTIONS})
    return answer.raise_for_status().json()["actions"]


async def _remove(api: RetryingClient, path: str, deadline: float) -> None:
    async def read() -> dict[str, Any] | None:
        answer = await api.get(path)
        if answer.status_code == 404:
            return None
        return answer.raise_for_status().json()["droplet"]

    async def is_idle(droplet: dict[str, Any]) -> bool:
        # DigitalOcean's support says that `locked` is for locks of an administrator alone
        # (https://github.com/digitalocean/droplet_kit/issues/218). The API reference says that actions set it.
        if droplet["locked"]:
            return False
        answer = await api.get(f"{path}/actions", {"per_page": RECENT_ACTIONS})
        if answer.status_code == 404:
            return True
        actions: Sequence[Mapping[str, Any]] = answer.raise_for_status().json()["actions"]
        return all(action["status"] != "in-progress" for action in actions)

    async def until(
        done: Callable[[dict[str, Any]], bool], what: str, deadline: float = deadline, *, idle: bool = False
    ) -> dict[str, Any] | None:
        while (droplet := await read()) is not None and not (
            done(droplet) and (not idle or await is_idle(droplet))
        ):
            if time.monotonic() >= deadline:
                raise RemovalError(
                    f"droplet {droplet['id']} ({droplet['name']}) is not {what} in time: status {droplet['status']}, "
                    f"locked {droplet['locked']}. Run pulumi up again"
                )
            await asyncio.sleep(POLL_SECONDS)
        return droplet

    async def send_until(
        done: Callable[[dict[str, Any]], bool], request: Callable[[], Awaitable[httpx.Response]]
    ) -> None:
        """Send a request when no action runs, and repeat it while it is refused, unless the droplet is done or gone."""
        while True:
            droplet = await until(lambda _: True, "free of running actions", idle=True)
            if droplet is None or done(droplet):
                return
            answer = await request()
            # 422 can be the answer because of an action that the listing does not have yet.
            if answer.status_code != 422 or time.monotonic() >= deadline:
                if answer.status_code != 404:
                    answer.raise_for_status()
                return
            await asyncio.sleep(POLL_SECONDS)

    def is_down(droplet: dict[str, Any]) -> bool:
        return droplet["status"] != "active"

    await send_until(is_down, lambda: api.post(f"{path}/actions", {"type": "shutdown"}))
    if (droplet := await until(is_down, "off", idle=True)) is None:
        return
    for volume in droplet["volume_ids"]:

        def is_free(droplet: dict[str, Any], volume: str = volume) -> bool:
            return volume not in droplet["volume_ids"]

        detach, where = {"type": "detach", "droplet_id": droplet["id"]}, f"volumes/{volume}/actions"
        await send_until(is_free, lambda where=where, detach=detach: api.post(where, detach))
        await until(is_free, f"free of volume {volume}")
    await send_until(lambda _: False, lambda: api.delete(path))
    await until(lambda _: False, "gone", max(deadline, time.monotonic() + DELETED_SECONDS))
