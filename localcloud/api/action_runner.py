"""Runs the actions of droplets, from their creation to their deletion.

An action is stored as ``in-progress`` before its work starts. A restarted process runs it again from the beginning,
since every call of the machine host is idempotent.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from localcloud.api.catalog import SIZES
from localcloud.api.cloud import Cloud
from localcloud.api.model import Action, Droplet, Volume, now
from localcloud.machines.interface import Machine

log = logging.getLogger(__name__)

FIRST_ACTION = 2_000_001
"""The id of the first action."""

Step = Callable[[Cloud, Droplet, Action], Awaitable[None]]


class StepFailedError(Exception):
    """An action failed."""


def machine_of(cloud: Cloud, droplet: Droplet) -> Machine:
    """Return the machine of a droplet."""
    size = SIZES[droplet.size]
    volumes = [cloud.store.find(Volume, volume) for volume in droplet.volumes]
    return Machine(
        id=droplet.id,
        name=droplet.name,
        public=droplet.public,
        private=droplet.private,
        user_data=droplet.user_data,
        ssh_keys=tuple(droplet.ssh_keys),
        volumes=tuple(volume.name for volume in volumes if volume),
        memory_mib=size.memory_mib,
        vcpus=size.vcpus,
    )


def start_action(
    cloud: Cloud,
    droplet: Droplet,
    type_: str,
    arguments: dict[str, object] | None = None,
    volume: Volume | None = None,
) -> Action:
    """Store an action on a droplet, lock the droplet, and run the action in the background."""
    action = Action(
        id=cloud.store.next("action", FIRST_ACTION),
        type=type_,
        resource_type="backend" if volume else "droplet",
        resource_id=None if volume else droplet.id,
        region=droplet.region,
        volume=volume.id if volume else None,
        droplet=droplet.id,
        arguments=arguments or {},
    )
    with cloud.store.transaction():
        cloud.store.put(action)
        cloud.store.put(droplet.model_copy(update={"pending": action.id}))
    cloud.spawn(run_action(cloud, action))
    return action


async def run_action(cloud: Cloud, action: Action) -> None:
    """Run an action and store its result. The cause of a failure is logged."""
    if action.droplet is None:
        raise ValueError(f"action {action.id} ({action.type}) has no droplet")
    async with cloud.locks[action.droplet]:
        status = "completed"
        try:
            await _run_step(cloud, action.droplet, action)
        except Exception:
            log.exception("action %s (%s) of droplet %s failed", action.id, action.type, action.droplet)
            status = "errored"
        with cloud.store.transaction():
            cloud.store.put(action.model_copy(update={"status": status, "completed_at": now()}))
            if droplet := cloud.store.find(Droplet, action.droplet):
                creation_failed = status == "errored" and droplet.status == "new"
                change = {"pending": None, "status": "off" if creation_failed else droplet.status}
                cloud.store.put(droplet.model_copy(update=change))


async def _run_step(cloud: Cloud, droplet_id: int, action: Action) -> None:
    droplet = cloud.store.find(Droplet, droplet_id)
    if droplet is not None:
        await STEPS[action.type](cloud, droplet, action)
    elif action.type != "destroy":
        raise StepFailedError("the droplet was deleted")


def _update(cloud: Cloud, droplet: Droplet, **fields: object) -> None:
    """Store fields of a droplet. Other fields, such as tags, may have changed meanwhile and are kept."""
    if current := cloud.store.find(Droplet, droplet.id):
        cloud.store.put(current.model_copy(update=fields))


def _set_droplet(cloud: Cloud, volume: Volume, droplet_id: int | None) -> None:
    """Store the droplet of a volume. Other fields, such as the size, may have changed meanwhile and are kept."""
    if current := cloud.store.find(Volume, volume.id):
        cloud.store.put(current.model_copy(update={"droplet": droplet_id}))


async def _create(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.creation_allowed.wait()
    # Before the machine starts; otherwise it would accept everything at first.
    await cloud.apply_filters()
    await cloud.host.power_on(machine_of(cloud, droplet))
    _update(cloud, droplet, status="active")


async def _destroy(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    volumes = [volume for volume in cloud.store.all(Volume) if volume.droplet == droplet.id]
    for volume in volumes:
        await cloud.host.detach_volume(droplet.id, volume.name)
    await cloud.host.delete(droplet.id)
    with cloud.store.transaction():
        for volume in volumes:
            _set_droplet(cloud, volume, None)
        cloud.store.delete(droplet)
    await cloud.apply_filters()


async def _power_on(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_on(machine_of(cloud, droplet))
    _update(cloud, droplet, status="active")


async def _power_off(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    _update(cloud, droplet, status="off")


async def _shutdown(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    seconds = cloud.limits.shutdown_seconds
    if not await cloud.host.shutdown(droplet.id, seconds):
        raise StepFailedError(f"{droplet.name} is still on {seconds:g} s after the shutdown request")
    _update(cloud, droplet, status="off")


async def _power_cycle(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    await cloud.host.power_on(machine_of(cloud, droplet))


async def _reboot(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.reboot(droplet.id)


async def _resize(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    size = SIZES[action.arguments["size"]]
    disk = size.disk_gib if action.arguments["disk"] else droplet.disk_gib
    _update(cloud, droplet, size=size.slug, disk_gib=disk)


async def _rename(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    _update(cloud, droplet, name=action.arguments["name"])


async def _rebuild(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    await cloud.host.delete(droplet.id)
    _update(cloud, droplet, image=action.arguments["image"])
    await cloud.host.power_on(machine_of(cloud, droplet))
    _update(cloud, droplet, status="active")


async def _set_backups(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    others = [feature for feature in droplet.features if feature != "backups"]
    _update(cloud, droplet, features=["backups", *others] if action.type == "enable_backups" else others)


async def _attach(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    volume = _volume_of(cloud, action)
    await cloud.host.attach_volume(droplet.id, volume.name)
    attached = [*(id_ for id_ in droplet.volumes if id_ != volume.id), volume.id]
    with cloud.store.transaction():
        _set_droplet(cloud, volume, droplet.id)
        _update(cloud, droplet, volumes=attached)


async def _detach(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    volume = _volume_of(cloud, action)
    await cloud.host.detach_volume(droplet.id, volume.name)
    with cloud.store.transaction():
        _set_droplet(cloud, volume, None)
        _update(cloud, droplet, volumes=[id_ for id_ in droplet.volumes if id_ != volume.id])


def _volume_of(cloud: Cloud, action: Action) -> Volume:
    volume = cloud.store.find(Volume, action.volume or "")
    if volume is None:
        raise StepFailedError(f"volume {action.volume} was deleted")
    return volume


STEPS: dict[str, Step] = {
    "create": _create,
    "destroy": _destroy,
    "power_on": _power_on,
    "power_off": _power_off,
    "shutdown": _shutdown,
    "power_cycle": _power_cycle,
    "reboot": _reboot,
    "resize": _resize,
    "rename": _rename,
    "rebuild": _rebuild,
    "enable_backups": _set_backups,
    "disable_backups": _set_backups,
    "attach_volume": _attach,
    "detach_volume": _detach,
}
