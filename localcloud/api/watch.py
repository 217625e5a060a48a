"""Sets droplets to ``off`` whose machines were powered off from inside, e.g. by ``poweroff``."""

from __future__ import annotations

import asyncio
import logging

from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet

log = logging.getLogger(__name__)


async def watch(cloud: Cloud, every: float) -> None:
    """Compare the droplets of all accounts with running machines every ``every`` seconds, until cancelled.

    A droplet is set to ``off`` if two consecutive checks find it ``active``, idle and without a running machine.
    """
    missing: set[int] = set()
    while True:
        await asyncio.sleep(every)
        try:
            running = await cloud.host.running()
        except Exception:
            log.exception("cannot list the running machines")
            continue
        gone = {
            droplet.id
            for droplet in cloud.store.everywhere(Droplet)
            if droplet.status == "active" and droplet.pending is None and droplet.id not in running
        }
        for droplet_id in gone & missing:
            log.warning("droplet %s was powered off from inside", droplet_id)
            for each in cloud.all_accounts():
                if droplet := each.store.find(Droplet, droplet_id):
                    each.store.put(droplet.model_copy(update={"status": "off"}))
        missing = gone - missing
