"""Notices machines that went off by themselves, e.g. by ``poweroff`` inside: their droplets are ``off`` then."""

from __future__ import annotations

import asyncio
import logging

from localcloud.api.cloud import Cloud
from localcloud.api.model import Droplet

log = logging.getLogger(__name__)


async def watch(cloud: Cloud, every: float) -> None:
    """Compare droplets with running machines, every so many seconds, for ever.

    A droplet counts as off when two looks in a row find it ``active``, idle and without a machine.
    """
    missing: set[int] = set()
    while True:
        await asyncio.sleep(every)
        try:
            running = await cloud.host.running()
        except Exception:
            log.exception("cannot tell which machines run")
            continue
        gone = {
            droplet.id
            for droplet in cloud.store.all(Droplet)
            if droplet.status == "active" and droplet.pending is None and droplet.id not in running
        }
        for droplet_id in gone & missing:
            log.warning("droplet %s powered itself off", droplet_id)
            if droplet := cloud.store.find(Droplet, droplet_id):
                cloud.store.put(droplet.model_copy(update={"status": "off"}))
        missing = gone - missing
