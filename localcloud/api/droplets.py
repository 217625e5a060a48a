"""The life of droplets: creating, deleting, and every action, each resumable after a restart.

An action is stored as ``in-progress`` before any work begins, and its step may run again from the
beginning: every call to the machine host can be repeated.
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

Step = Callable[[Cloud, Droplet, Action], Awaitable[None]]


class StepFailed(Exception):  # noqa: N818 - the name says what happened
    """The machine did not do what was asked of it."""


def machine_of(cloud: Cloud, droplet: Droplet) -> Machine:
    """A droplet as its machine needs to know it."""
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


def begin(
    cloud: Cloud,
    droplet: Droplet,
    type_: str,
    arguments: dict[str, object] | None = None,
    volume: Volume | None = None,
) -> Action:
    """Store an action on a droplet and lock it; ``run`` does the work."""
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
    cloud.spawn(run(cloud, action))
    return action


async def run(cloud: Cloud, action: Action) -> None:
    """Do an action's work and store how it ended; the cause of a failure goes to the log."""
    if action.droplet is None:
        raise ValueError(f"action {action.id} ({action.type}) names no droplet")
    async with cloud.locks[action.droplet]:
        status = "completed"
        try:
            await _take_step(cloud, action.droplet, action)
        except Exception:
            log.exception("action %s (%s) of droplet %s failed", action.id, action.type, action.droplet)
            status = "errored"
        with cloud.store.transaction():
            cloud.store.put(action.model_copy(update={"status": status, "completed_at": now()}))
            if droplet := cloud.store.find(Droplet, action.droplet):
                failed_birth = status == "errored" and droplet.status == "new"
                change = {"pending": None, "status": "off" if failed_birth else droplet.status}
                cloud.store.put(droplet.model_copy(update=change))


async def _take_step(cloud: Cloud, droplet_id: int, action: Action) -> None:
    droplet = cloud.store.find(Droplet, droplet_id)
    if droplet is not None:
        await STEPS[action.type](cloud, droplet, action)
    elif action.type != "destroy":  # a destroyed droplet is what that action wanted
        raise StepFailed("the droplet is gone")


def _change(cloud: Cloud, droplet: Droplet, **fields: object) -> None:
    """Store changed fields of a droplet, keeping what others changed meanwhile (its tags, say)."""
    if current := cloud.store.find(Droplet, droplet.id):
        cloud.store.put(current.model_copy(update=fields))


def _belong(cloud: Cloud, volume: Volume, droplet_id: int | None) -> None:
    """Store whose a volume is, keeping what others changed meanwhile (its size, say)."""
    if current := cloud.store.find(Volume, volume.id):
        cloud.store.put(current.model_copy(update={"droplet": droplet_id}))


async def _create(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.births.wait()
    await cloud.apply_filters()  # before the first packet, or the droplet would be open for a moment
    await cloud.host.power_on(machine_of(cloud, droplet))
    _change(cloud, droplet, status="active")


async def _destroy(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    volumes = [volume for volume in cloud.store.all(Volume) if volume.droplet == droplet.id]
    for volume in volumes:
        await cloud.host.detach_volume(droplet.id, volume.name)
    await cloud.host.delete(droplet.id)
    with cloud.store.transaction():
        for volume in volumes:
            _belong(cloud, volume, None)
        cloud.store.delete(droplet)
    await cloud.apply_filters()


async def _power_on(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_on(machine_of(cloud, droplet))
    _change(cloud, droplet, status="active")


async def _power_off(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    _change(cloud, droplet, status="off")


async def _shutdown(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    seconds = cloud.limits.shutdown_seconds
    if not await cloud.host.shutdown(droplet.id, seconds):
        raise StepFailed(f"{droplet.name} was asked to shut down and is still on after at most {seconds:g} s")
    _change(cloud, droplet, status="off")


async def _power_cycle(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.power_off(droplet.id)
    await cloud.host.power_on(machine_of(cloud, droplet))


async def _reboot(cloud: Cloud, droplet: Droplet, _: Action) -> None:
    await cloud.host.reboot(droplet.id)


async def _resize(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    size = SIZES[action.arguments["size"]]
    disk = size.disk_gib if action.arguments["disk"] else droplet.disk_gib
    _change(cloud, droplet, size=size.slug, disk_gib=disk)


async def _rename(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    _change(cloud, droplet, name=action.arguments["name"])


async def _rebuild(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    await cloud.host.delete(droplet.id)
    _change(cloud, droplet, image=action.arguments["image"])
    await cloud.host.power_on(machine_of(cloud, droplet))
    _change(cloud, droplet, status="active")


async def _set_backups(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    others = [feature for feature in droplet.features if feature != "backups"]
    _change(cloud, droplet, features=["backups", *others] if action.type == "enable_backups" else others)


async def _attach(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    volume = _volume_of(cloud, action)
    await cloud.host.attach_volume(droplet.id, volume.name)
    attached = [*(id_ for id_ in droplet.volumes if id_ != volume.id), volume.id]
    with cloud.store.transaction():
        _belong(cloud, volume, droplet.id)
        _change(cloud, droplet, volumes=attached)


async def _detach(cloud: Cloud, droplet: Droplet, action: Action) -> None:
    volume = _volume_of(cloud, action)
    await cloud.host.detach_volume(droplet.id, volume.name)
    with cloud.store.transaction():
        _belong(cloud, volume, None)
        _change(cloud, droplet, volumes=[id_ for id_ in droplet.volumes if id_ != volume.id])


def _volume_of(cloud: Cloud, action: Action) -> Volume:
    volume = cloud.store.find(Volume, action.volume or "")
    if volume is None:
        raise StepFailed(f"volume {action.volume} is gone")
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
