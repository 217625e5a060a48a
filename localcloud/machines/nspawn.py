"""Droplets as systemd-nspawn machines on this host."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from localcloud.machines import packet_filter
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.commands import CommandFailedError, run
from localcloud.machines.interface import Filter, Machine
from localcloud.machines.layout import Layout
from localcloud.machines.machine import MachineFailedError, NspawnMachine
from localcloud.machines.name_server import NameServer
from localcloud.machines.network import Network
from localcloud.machines.volumes import Volumes, device_path

_REBOOT_LIMIT = 30.0
_POLL = 0.05

# https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html: SD_LOGIND_SKIP_INHIBITORS
_SKIP_INHIBITORS = 1 << 4


class NspawnHost:
    """Implements ``MachineHost``: see there for what each call does.

    ``name`` is the local cloud's, ``state`` the directory that survives it, ``image`` the read-only root tree
    that every machine starts from. The local cloud's network must be there.
    """

    def __init__(self, name: str, state: Path, image: Path) -> None:
        self._layout = Layout(name)
        self._machines = state / "machines"
        self._volumes = Volumes(state / "volumes")
        self._image = image
        self._cgroup = Cgroup(self._layout.cgroup)
        self._network = Network(self._layout)
        self._names = NameServer(self._layout)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._settings_lock = asyncio.Lock()
        self._volume_lock = asyncio.Lock()

    def machine(self, machine_id: int) -> NspawnMachine:
        """The machine with this id, whether there is one or not."""
        return NspawnMachine(
            machine_id,
            machines=self._machines,
            cgroup=self._cgroup,
            namespace=self._layout.namespace,
            image=self._image,
        )

    def known(self) -> list[NspawnMachine]:
        """All machines that have a root file system, on or off, by id."""
        if not self._machines.is_dir():
            return []
        ids = sorted(int(path.name) for path in self._machines.iterdir() if path.name.isdecimal())
        return [machine for machine in map(self.machine, ids) if machine.exists]

    async def power_on(self, machine: Machine) -> None:
        """Boot the machine; raises ``MachineFailedError`` when it does not start."""
        async with self._locks[machine.id]:
            host = self.machine(machine.id)
            if host.running:
                return
            await asyncio.to_thread(host.prepare, machine)
            await asyncio.to_thread(self._admit, host, machine)
            await self._boot(host)

    async def shutdown(self, machine_id: int, timeout: float, *, even_if_inhibited: bool = False) -> bool:
        """Press the power button once, as soon as the machine's logind can hear it.

        ``even_if_inhibited`` shuts down in an orderly way what would refuse otherwise.
        """
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            call = (
                ("PowerOffWithFlags", "t", str(_SKIP_INHIBITORS))
                if even_if_inhibited
                else ("PowerOff", "b", "false")
            )
            deadline = time.monotonic() + timeout
            asked = False
            while host.running:
                if not asked:
                    asked = await asyncio.to_thread(_ask_logind, host, call)
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(_POLL)
            return True

    async def power_off(self, machine_id: int) -> None:
        """Cut the power."""
        async with self._locks[machine_id]:
            await asyncio.to_thread(self.machine(machine_id).kill)

    async def reboot(self, machine_id: int) -> None:
        """Reboot by logind; power-cycled when that has no effect within 30 s. One that is off stays off."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            before = host.leader()
            deadline = time.monotonic() + _REBOOT_LIMIT
            asked = False
            while host.running and host.leader() in {before, None}:
                if not asked:
                    asked = await asyncio.to_thread(_ask_logind, host, ("Reboot", "b", "false"))
                if time.monotonic() > deadline:
                    await asyncio.to_thread(host.kill)
                    await self._boot(host)
                await asyncio.sleep(_POLL)

    async def delete(self, machine_id: int) -> None:
        """Cut the power and remove the root file system."""
        async with self._locks[machine_id]:
            await asyncio.to_thread(self.machine(machine_id).remove)
        self._locks.pop(machine_id, None)

    async def running(self) -> frozenset[int]:
        """Ids of the machines that are powered on."""
        groups = (self._cgroup / "machines").children()
        return frozenset(int(group.path.name) for group in groups if group.populated())

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Give a machine a volume; a running one gets the device at once."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            if not host.exists:
                return
            volumes = host.facts().volumes
            if name not in volumes:
                await asyncio.to_thread(host.set_volumes, (*volumes, name))
            await self._set_devices(host)
            if host.running:
                device = await self._connect(name)
                await asyncio.to_thread(_show_device, host, name, device)

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Take a volume from a machine. What a running one still has mounted is unmounted."""
        async with self._locks[machine_id]:
            host = self.machine(machine_id)
            if not host.exists or name not in host.facts().volumes:
                return
            remaining = tuple(volume for volume in host.facts().volumes if volume != name)
            await asyncio.to_thread(host.set_volumes, remaining)
            await self._set_devices(host)
            if host.leader() is not None:
                device = await self._connect(name)
                await asyncio.to_thread(_hide_device, host, name, device)
            async with self._volume_lock:
                await asyncio.to_thread(self._volumes.disconnect, name)

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Make a sparse volume."""
        await asyncio.to_thread(self._volumes.create, name, size_gib, filesystem, label)

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Grow the block device."""
        await asyncio.to_thread(self._volumes.resize, name, size_gib)

    async def delete_volume(self, name: str) -> None:
        """Remove the volume and its data."""
        async with self._volume_lock:
            await asyncio.to_thread(self._volumes.delete, name)

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Replace the whole packet filter, atomically."""
        async with self._settings_lock:
            await asyncio.to_thread(self._network.filter, packet_filter.render(filters))

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Replace what the name server answers."""
        async with self._settings_lock:
            await asyncio.to_thread(self._names.answer, records)

    async def _boot(self, host: NspawnMachine) -> None:
        await self._set_devices(host)
        await asyncio.to_thread(host.boot)

    async def _set_devices(self, host: NspawnMachine) -> None:
        devices = {name: await self._connect(name) for name in host.facts().volumes}
        await asyncio.to_thread(host.set_devices, devices)

    async def _connect(self, name: str) -> str:
        # Two connections at once would make two loop devices for one image.
        async with self._volume_lock:
            return await asyncio.to_thread(self._volumes.connect, name)

    def _admit(self, host: NspawnMachine, machine: Machine) -> None:
        addresses = [address for address in (machine.public, machine.private) if address is not None]
        self._network.admit(host.port, addresses)
        if machine.private is not None:
            self._network.route(IPv4Network(machine.private.network))


def _ask_logind(host: NspawnMachine, call: tuple[str, str, str]) -> bool:
    """Whether logind heard the call, be it that it refused; early in boot there is none yet."""
    method, signature, argument = call
    login = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
    try:
        run(host.inside(["busctl", "--timeout=5", "call", *login, method, signature, argument]), timeout=10)
    except MachineFailedError:
        return False
    except CommandFailedError as error:
        return "Call failed" in str(error)
    return True


def _device_number(device: str) -> tuple[int, int]:
    number = os.stat(device).st_rdev  # noqa: PTH116 - a device node's number, nothing else
    return os.major(number), os.minor(number)


def _show_device(host: NspawnMachine, name: str, device: str) -> None:
    path = shlex.quote(device_path(name))
    major, minor = _device_number(device)
    script = f"mkdir -p /dev/disk/by-id; [ -e {path} ] || mknod -m 0660 {path} b {major} {minor}"
    run(host.on_mounts(["sh", "-euc", script]))


def _hide_device(host: NspawnMachine, name: str, device: str) -> None:
    path = shlex.quote(device_path(name))
    major, minor = _device_number(device)
    mounted = [shlex.quote(point) for point in host.mounts_of(f"{major}:{minor}")]
    lines = [f"umount -l {point}" for point in mounted]
    # A device that the machine booted with is a bind mount, one that came later a node.
    lines += [f"if mountpoint -q {path}; then umount {path}; fi", f"rm -f {path}"]
    run(host.on_mounts(["sh", "-euc", "\n".join(lines)]))
