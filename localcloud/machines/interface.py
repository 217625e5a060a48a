"""The interface between the APIs and the machines.

The APIs own the state and decide. A ``MachineHost`` brings machines, volumes, filters and DNS names into that state.
Every call is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface, IPv4Network
from typing import Literal, Protocol


@dataclass(frozen=True)
class Machine:
    """The properties of a droplet that its machine depends on."""

    id: int
    """The droplet's id."""
    name: str
    """The droplet's name, which is the machine's hostname."""
    public: IPv4Interface
    """The public address, with its network."""
    private: IPv4Interface | None
    """The address in the droplet's VPC, with its network."""
    user_data: str
    """The user data exactly as submitted; empty without any."""
    ssh_keys: tuple[str, ...] = ()
    """Public SSH keys for root."""
    volumes: tuple[str, ...] = ()
    """Names of the attached volumes, which are ``/dev/disk/by-id/scsi-0DO_Volume_<name>`` inside the machine."""
    memory_mib: int = 1024
    vcpus: int = 1


@dataclass(frozen=True)
class Rule:
    """One kind of connection that a firewall allows. Sources and destinations are already resolved to networks."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: tuple[int, int] | None
    """First and last port; ``None`` means every port, or ICMP, which has no ports."""
    networks: tuple[IPv4Network, ...]


@dataclass(frozen=True)
class Filter:
    """The union of the firewalls that apply to one machine. A machine without a filter accepts everything."""

    addresses: tuple[IPv4Interface, ...]
    """The machine's own addresses."""
    inbound: tuple[Rule, ...] = ()
    outbound: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Interference:
    """What was done to machines and to the name server that no cloud would do."""

    paused: frozenset[int] = frozenset()
    """Ids of the machines that are paused."""
    cut_off: frozenset[int] = frozenset()
    """Ids of the machines whose packets are dropped."""
    name_server_paused: bool = False


class MachineHost(Protocol):
    """Brings machines, volumes, firewall and DNS into the state that the APIs decided on."""

    async def power_on(self, machine: Machine) -> None:
        """Boot the machine; its root file system is made at the first boot. A running machine keeps running."""
        ...

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        """Ask the machine's logind to power off, wait up to ``timeout`` seconds, and return whether it is off.

        Inhibitors inside the machine can block it, like a droplet's ACPI power button.
        """
        ...

    async def power_off(self, machine_id: int) -> None:
        """Cut the power."""
        ...

    async def reboot(self, machine_id: int) -> None:
        """Reboot the machine cleanly. A machine that does not react is power-cycled."""
        ...

    async def delete(self, machine_id: int) -> None:
        """Cut the power and remove the root file system. Volumes are kept."""
        ...

    async def running(self) -> frozenset[int]:
        """Return the ids of the machines that are powered on."""
        ...

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Attach a volume to a machine. A running machine gets the device immediately."""
        ...

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Detach a volume from a machine."""
        ...

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Create a sparse volume, formatted unless ``filesystem`` is empty (``ext4``, ``xfs``)."""
        ...

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Grow the block device. The machine's user grows the file system."""
        ...

    async def delete_volume(self, name: str) -> None:
        """Delete the volume and its data."""
        ...

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Replace the whole packet filter atomically."""
        ...

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Replace the records of the name server: FQDN to IPv4 addresses."""
        ...

    async def set_paused(self, machine_id: int, *, paused: bool) -> None:
        """Stop all processes of a machine where they are, or let them go on."""
        ...

    async def set_cut_off(self, machine_id: int, *, cut_off: bool) -> None:
        """Drop all packets of a machine, or let them pass again."""
        ...

    async def wipe(self, machine_id: int) -> None:
        """Delete the data of a machine's etcd, and start it without any."""
        ...

    async def set_name_server_paused(self, *, paused: bool) -> None:
        """Let queries time out, or answer them again."""
        ...

    async def interference(self) -> Interference:
        """Return what of the four above lasts."""
        ...


@dataclass
class NoMachines:
    """A host without machines, for tests of the APIs alone: it records every call."""

    on: set[int] = field(default_factory=set[int])
    """Ids of the machines that would run."""
    calls: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    """The calls so far: name and arguments."""
    disturbed: Interference = field(default_factory=Interference)
    """What would last."""

    async def power_on(self, machine: Machine) -> None:
        """Record the machine as running."""
        self.calls.append(("power_on", machine))
        self.on.add(machine.id)

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        """Record the machine as off."""
        self.calls.append(("shutdown", machine_id))
        self.on.discard(machine_id)
        return True

    async def power_off(self, machine_id: int) -> None:
        """Record the machine as off."""
        self.calls.append(("power_off", machine_id))
        self.on.discard(machine_id)

    async def reboot(self, machine_id: int) -> None:
        """Record the call."""
        self.calls.append(("reboot", machine_id))

    async def delete(self, machine_id: int) -> None:
        """Record the machine as deleted."""
        self.calls.append(("delete", machine_id))
        self.on.discard(machine_id)

    async def running(self) -> frozenset[int]:
        """Return the ids of the machines recorded as running."""
        return frozenset(self.on)

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Record the call."""
        self.calls.append(("attach_volume", (machine_id, name)))

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Record the call."""
        self.calls.append(("detach_volume", (machine_id, name)))

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Record the call."""
        self.calls.append(("create_volume", (name, size_gib, filesystem, label)))

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Record the call."""
        self.calls.append(("resize_volume", (name, size_gib)))

    async def delete_volume(self, name: str) -> None:
        """Record the call."""
        self.calls.append(("delete_volume", name))

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Record the call."""
        self.calls.append(("apply_filters", tuple(filters)))

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Record the call."""
        self.calls.append(("apply_records", dict(records)))

    async def set_paused(self, machine_id: int, *, paused: bool) -> None:
        """Record the machine as paused or not."""
        before = self.disturbed.paused
        self.disturbed = replace(
            self.disturbed, paused=before | {machine_id} if paused else before - {machine_id}
        )

    async def set_cut_off(self, machine_id: int, *, cut_off: bool) -> None:
        """Record the machine as cut off or not."""
        before = self.disturbed.cut_off
        self.disturbed = replace(
            self.disturbed, cut_off=before | {machine_id} if cut_off else before - {machine_id}
        )

    async def wipe(self, machine_id: int) -> None:
        """Record the call."""
        self.calls.append(("wipe", machine_id))

    async def set_name_server_paused(self, *, paused: bool) -> None:
        """Record the name server as paused or not."""
        self.disturbed = replace(self.disturbed, name_server_paused=paused)

    async def interference(self) -> Interference:
        """Return what was recorded."""
        return self.disturbed
