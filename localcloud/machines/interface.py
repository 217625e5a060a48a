"""What the APIs ask of the machines behind them.

The APIs own the state and decide; a ``MachineHost`` only makes the machines, volumes, filters and names
agree with it. Every call can be repeated: asking for what is already so does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network
from typing import Literal, Protocol


@dataclass(frozen=True)
class Machine:
    """One droplet, as its machine needs to know it."""

    id: int
    """The droplet's id."""
    name: str
    """The droplet's name, which is the machine's hostname."""
    public: IPv4Interface
    private: IPv4Interface | None
    """The address in the droplet's VPC."""
    user_data: str
    """As submitted; empty when none was."""
    ssh_keys: tuple[str, ...] = ()
    """Public keys for root."""
    volumes: tuple[str, ...] = ()
    """Names of the attached volumes: ``/dev/disk/by-id/scsi-0DO_Volume_<name>`` inside the machine."""
    memory_mib: int = 1024
    vcpus: int = 1


@dataclass(frozen=True)
class Rule:
    """One allowed kind of new traffic. Sources and destinations are already resolved to networks."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: tuple[int, int] | None
    """First and last port; ``None`` is every port (and ICMP, which has none)."""
    networks: tuple[IPv4Network, ...]


@dataclass(frozen=True)
class Filter:
    """The union of the firewalls that apply to one machine. A machine without a filter accepts everything."""

    addresses: tuple[IPv4Interface, ...]
    """The machine's own addresses."""
    inbound: tuple[Rule, ...] = ()
    outbound: tuple[Rule, ...] = ()


class MachineHost(Protocol):
    """Makes machines, volumes, firewall and DNS agree with the APIs' state."""

    async def power_on(self, machine: Machine) -> None:
        """Boot the machine, making its root file system first if it has none. A running one stays as it is."""
        ...

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        """Ask the machine's logind to power off, and wait ``timeout`` seconds; whether it is off then.

        Inhibitors inside the machine are respected, as with a droplet's ACPI power button.
        """
        ...

    async def power_off(self, machine_id: int) -> None:
        """Cut the power."""
        ...

    async def reboot(self, machine_id: int) -> None:
        """Restart the operating system in an orderly way; a stuck one is power-cycled."""
        ...

    async def delete(self, machine_id: int) -> None:
        """Cut the power and remove the root file system. Volumes stay."""
        ...

    async def running(self) -> frozenset[int]:
        """Ids of the machines that are powered on."""
        ...

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Give a machine a volume; a running one gets the device at once."""
        ...

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Take a volume from a machine."""
        ...

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Make a sparse volume, formatted when ``filesystem`` is not empty (``ext4``, ``xfs``)."""
        ...

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Grow the block device; the file system inside is its user's to grow."""
        ...

    async def delete_volume(self, name: str) -> None:
        """Remove the volume and its data."""
        ...

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Replace the whole packet filter, atomically."""
        ...

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Replace what the name server answers: FQDN to IPv4 addresses."""
        ...


@dataclass
class NoMachines:
    """A host that runs nothing, for tests of the APIs alone: it notes what was asked."""

    on: set[int] = field(default_factory=set[int])
    calls: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])

    async def power_on(self, machine: Machine) -> None:
        """Note the machine as running."""
        self.calls.append(("power_on", machine))
        self.on.add(machine.id)

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        """Note the machine as off."""
        self.calls.append(("shutdown", machine_id))
        self.on.discard(machine_id)
        return True

    async def power_off(self, machine_id: int) -> None:
        """Note the machine as off."""
        self.calls.append(("power_off", machine_id))
        self.on.discard(machine_id)

    async def reboot(self, machine_id: int) -> None:
        """Note the request."""
        self.calls.append(("reboot", machine_id))

    async def delete(self, machine_id: int) -> None:
        """Note the machine as gone."""
        self.calls.append(("delete", machine_id))
        self.on.discard(machine_id)

    async def running(self) -> frozenset[int]:
        """Ids of the machines noted as running."""
        return frozenset(self.on)

    async def attach_volume(self, machine_id: int, name: str) -> None:
        """Note the request."""
        self.calls.append(("attach_volume", (machine_id, name)))

    async def detach_volume(self, machine_id: int, name: str) -> None:
        """Note the request."""
        self.calls.append(("detach_volume", (machine_id, name)))

    async def create_volume(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Note the request."""
        self.calls.append(("create_volume", (name, size_gib, filesystem, label)))

    async def resize_volume(self, name: str, size_gib: int) -> None:
        """Note the request."""
        self.calls.append(("resize_volume", (name, size_gib)))

    async def delete_volume(self, name: str) -> None:
        """Note the request."""
        self.calls.append(("delete_volume", name))

    async def apply_filters(self, filters: Sequence[Filter]) -> None:
        """Note the request."""
        self.calls.append(("apply_filters", tuple(filters)))

    async def apply_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Note the request."""
        self.calls.append(("apply_records", dict(records)))
