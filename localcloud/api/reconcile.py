"""Restores machines, filters and names from the stored state when the process starts."""

from __future__ import annotations

import asyncio
import logging

from localcloud.api.action_runner import machine_of, run_action
from localcloud.api.cloud import Cloud
from localcloud.api.model import Action, Droplet, Volume, Zone

log = logging.getLogger(__name__)


def create_zones(cloud: Cloud) -> None:
    """Create the DNS zone of each account at the first start."""
    for each in cloud.all_accounts():
        if each.store.find(Zone, each.account.zone_id) is None:
            each.store.put(Zone(id=each.account.zone_id, name=each.account.zone))


async def reconcile(cloud: Cloud) -> None:
    """Apply filters and names, resume interrupted actions, and power on every ``active`` droplet of all accounts.

    If a machine does not start, the error is logged and its droplet is ``off``. The other droplets are not affected.
    """
    await cloud.apply_filters()
    await cloud.apply_records()
    await asyncio.gather(*map(_reconcile_account, cloud.all_accounts()))


async def _reconcile_account(cloud: Cloud) -> None:
    for volume in cloud.store.all(Volume):
        await cloud.host.create_volume(
            volume.name, volume.size_gigabytes, volume.filesystem_type, volume.filesystem_label
        )
    for action in cloud.store.all(Action):
        if action.status == "in-progress":
            log.info("resuming action %s (%s)", action.id, action.type)
            cloud.spawn(run_action(cloud, action))
    idle = [droplet for droplet in cloud.store.all(Droplet) if droplet.pending is None]
    await asyncio.gather(*(_power_on(cloud, droplet) for droplet in idle if droplet.status == "active"))


async def _power_on(cloud: Cloud, droplet: Droplet) -> None:
    async with cloud.locks[droplet.id]:
        try:
            await cloud.host.power_on(machine_of(cloud, droplet))
        except Exception:
            log.exception("cannot start droplet %s (%s)", droplet.id, droplet.name)
            cloud.store.put(droplet.model_copy(update={"status": "off"}))
