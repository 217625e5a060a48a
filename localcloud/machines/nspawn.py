"""The machine host that runs droplets as systemd-nspawn machines."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from localcloud.machines import packet_filter
from localcloud.machines.automount import start_unit, write_unit
from localcloud.machines.commands import run
from localcloud.machines.etcd_data import wipe
from localcloud.machines.interface import Filter, Interference, Machine
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine, addresses_of, running_machines
from localcloud.machines.name_server import NameServer
from localcloud.machines.network import Network
from localcloud.machines.volumes import Volumes, device_path

REBOOT_LIMIT = 30.0
"""Seconds after which a machine that has not rebooted is power-cycled."""


class NspawnHost:
    """Implements ``MachineHost``, which describes each method.

    ``name`` is the local cloud's name, ``state`` the folder of its state, and ``image`` the read-only root tree of new
    machines. The local cloud's network must exist. Raises ``LocalCloudError`` if a tool of the host fails.
    """

    def __init__(self, name: str, state: Path, image: Path) -> None:
        self._layout = Layout(name, state)
        self._image = image
        self._volumes = Volumes(self._layout.volumes)
        self._network = Network(self._layout)
        self._names = NameServer(self._layout)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._volume_lock = asyncio.Lock()
        self._settings_lock = asyncio.Lock()

    def machine(self, machine_id: int) -> NspawnMachine:
        """Return the machine with this id, whether it exists or not."""
        return NspawnMachine(machine_id, self._layout)

    async def power_on(self, machine: Machine) -> None:
        """Boot the machine; raises ``MachineFailedError`` if it does not start."""
        async with self._locks[machine.id]:
            host = self.machine(machine.id)
            if not host.running:
                await asyncio.to_thread(host.prepare, machine, self._image)
                for name in machine.volumes:
                    if self._volumes.first_attached(name):
                        write_unit(host.upper, name)
                await asyncio.to_thread(self._allow_addresses, host, machine)
                await self._boot(host)

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        """Request a shutdown once, as soon as the machine's logind can receive it."""
        async with self._locks[machine_id]:
            return await self.machine(machine_id).shutdown(timeout)

    async def power_off(self, machine_id: int) -> None:
        """Cut the power."""
        async with self._locks[machine_id]:
            await asyncio.to_thread(self.machine(machine_id).kill)

    async def reboot(self, machine_id: int) -> None:
        """Reboot through logind; power-cycle after 30 s without a reboot. A machine that is off stays off."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            if not await host.restart(REBOOT_LIMIT):
                await asyncio.to_thread(host.kill)
                await self._boot(host)

    async def delete(self, machine_id: int) -> None:
        """Cut the power and remove the root file system."""
        async with self._locks[machine_id]:
            await asyncio.to_thread(self.machine(machine_id).remove)
            await asyncio.to_thread(self._network.reconnect, machine_id)
        self._locks.pop(machine_id, None)

    async def running(self) -> frozenset[int]:
        """Return the ids of the machines that are powered on."""
        return frozenset(machine.id for machine in running_machines(self._layout))

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Attach a volume to a machine. A running machine gets the device immediately."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            if not host.exists:
                return
            facts = host.facts()
            if name not in facts.volumes:
                host.save_facts(replace(facts, volumes=(*facts.volumes, name)))
            await self._bind_devices(host)
            new = self._volumes.first_attached(name)
            if host.leader() is not None:
                await asyncio.to_thread(_show_device, host, name, await self._device(name), new=new)
            elif new:
                write_unit(host.upper, name)

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Detach a volume from a machine. A running machine's mounts of it are unmounted."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            if not host.exists or name not in host.facts().volumes:
                return
            if host.leader() is not None:
                await asyncio.to_thread(_hide_device, host, name, await self._device(name))
            facts = host.facts()
            kept = tuple(volume for volume in facts.volumes if volume != name)
            host.save_facts(replace(facts, volumes=kept))
            await self._bind_devices(host)
            async with self._volume_lock:
                await asyncio.to_thread(self._volumes.disconnect, name)

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Create a sparse volume."""
        await asyncio.to_thread(self._volumes.create, name, size_gib, filesystem, label)

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Grow the block device."""
        await asyncio.to_thread(self._volumes.resize, name, size_gib)

    async def delete_volume(self, name: str) -> None:
        """Delete the volume and its data."""
        async with self._volume_lock:
            await asyncio.to_thread(self._volumes.delete, name)

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Replace the whole packet filter atomically."""
        async with self._settings_lock:
            await asyncio.to_thread(self._network.filter, packet_filter.render(filters))

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Replace the records of the name server."""
        async with self._settings_lock:
            await asyncio.to_thread(self._names.answer, records)

    async def set_paused(self, machine_id: int, *, paused: bool) -> None:
        """Pause a machine, or let it go on. Neither waits for an action, which a paused machine may not finish."""
        host = self.machine(machine_id)
        await asyncio.to_thread(host.pause if paused else host.resume)

    async def set_cut_off(self, machine_id: int, *, cut_off: bool) -> None:
        """Drop a machine's packets, or let them pass again."""
        if cut_off:
            await asyncio.to_thread(self._network.cut_off, machine_id, self.machine(machine_id).port)
        else:
            await asyncio.to_thread(self._network.reconnect, machine_id)

    async def wipe(self, machine_id: int) -> None:
        """Delete the data of a machine's etcd, and start it without any."""
        await asyncio.to_thread(wipe, self.machine(machine_id))

    async def set_name_server_paused(self, *, paused: bool) -> None:
        """Let queries time out, or answer them again."""
        await asyncio.to_thread(self._names.pause if paused else self._names.resume)

    async def interference(self) -> Interference:
        """Return what lasts, as the machines and the packet filter have it."""
        paused = frozenset(machine.id for machine in running_machines(self._layout) if machine.paused)
        cut_off = await asyncio.to_thread(self._network.cut_off_machines)
        return Interference(paused, cut_off, self._names.paused)

    async def _boot(self, host: NspawnMachine) -> None:
        await self._bind_devices(host)
        await asyncio.to_thread(host.boot)

    async def _bind_devices(self, host: NspawnMachine) -> None:
        devices = {name: await self._device(name) for name in host.facts().volumes}
        host.bind(devices)

    async def _device(self, name: str) -> str:
        # Two concurrent calls would make two loop devices of one image.
        async with self._volume_lock:
            return await asyncio.to_thread(self._volumes.connect, name)

    def _allow_addresses(self, host: NspawnMachine, machine: Machine) -> None:
        self._network.allow_sources(host.port, addresses_of(machine))
        if machine.private is not None:
            self._network.route(machine.private.network)


def _device_number(device: str) -> tuple[int, int]:
    number = Path(device).stat().st_rdev
    return os.major(number), os.minor(number)


def _show_device(host: NspawnMachine, name: str, device: str, *, new: bool) -> None:
    path = shlex.quote(device_path(name))
    major, minor = _device_number(device)
    script = f"mkdir -p /dev/disk/by-id; [ -e {path} ] || mknod -m 0660 {path} b {major} {minor}"
    if new:
        script += f"\n{start_unit(name)}"
    run(host.inside(["sh", "-euc", script]))


def _hide_device(host: NspawnMachine, name: str, device: str) -> None:
    path = shlex.quote(device_path(name))
    major, minor = _device_number(device)
    lines = [f"umount -l {shlex.quote(point)}" for point in host.mounts_of(f"{major}:{minor}")]
    # A device is a bind mount if the machine booted with it, and a node if it was attached later.
    lines += [f"if mountpoint -q {path}; then umount {path}; fi", f"rm -f {path}"]
    run(host.inside(["sh", "-euc", "\n".join(lines)]))
