"""A local cloud's network: a namespace with one bridge that has every address of the cloud."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

from localcloud.addresses import GATEWAY, METADATA, OPERATOR, PUBLIC_NETWORK, STRANGER
from localcloud.machines import packet_filter
from localcloud.machines.commands import run, succeeds
from localcloud.machines.files import replace
from localcloud.machines.layout import NAMESPACE_PREFIX, Layout

BRIDGE = "cloud0"

HANDLES = Path("/run/netns")
"""Where iproute2 keeps the network namespaces that have a name."""

HOOKS = ("forward", "input", "output")
"""Where a packet of the namespace or of a machine passes."""

_CUT_OFF = "cut_off_"

BRIDGE_MAC = "02:00:00:c1:0d:00"
"""The bridge's fixed MAC address.

Without it a bridge takes the lowest address of its ports, which changes when machines are created or deleted. The
other machines would send to the old address until they check their ARP entries, half a minute later.
"""


CONNECTIONS = 4096
"""Buckets of the table in which the kernel keeps a machine's TCP connections.

Without a number, machines share the host's table, which grows with the host's memory. Whatever lists connections, as a
member's guard does, walks through all of it: 20 ms on a host with 24 GB, as if the droplet had as much memory
(https://docs.kernel.org/networking/ip-sysctl.html, tcp_child_ehash_entries).
"""


class Network:
    """The network namespace of one local cloud. It has no route to the outside."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._handle = HANDLES / layout.namespace

    def complete(self) -> bool:
        """Return whether the namespace is completely set up: its packet filter is made last."""
        return succeeds(self.inside("nft", "list", "chain", *packet_filter.TABLE.split(), "output"))

    def exists(self) -> bool:
        """Return whether the namespace exists, even incomplete."""
        return self._handle.exists()

    def surrounds(self) -> bool:
        """Return whether this process runs inside the namespace, or inside that of another local cloud."""
        for handle in self._handle.parent.glob(f"{NAMESPACE_PREFIX}*"):
            # Another local cloud may be stopped meanwhile.
            with suppress(FileNotFoundError):
                if handle.samefile("/proc/self/ns/net"):
                    return True
        return False

    def ensure(self) -> None:
        """Make the namespace with its bridge and addresses; an incomplete one is replaced."""
        if self.complete():
            return
        self.remove()
        self._layout.namespace_files.mkdir(parents=True, exist_ok=True)
        replace(self._layout.namespace_files / "resolv.conf", f"nameserver {GATEWAY.ip}\n", mode=0o644)
        # Without this file programs ask the host's systemd-resolved, which does not know this namespace's names.
        replace(
            self._layout.namespace_files / "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n",
            mode=0o644,
        )
        run(["ip", "netns", "add", self._layout.namespace])
        self._ip(
            "link set lo up",
            f"link add {BRIDGE} address {BRIDGE_MAC} type bridge forward_delay 0 stp_state 0",
            f"address add {GATEWAY} dev {BRIDGE}",
            *(f"address add {address}/32 dev {BRIDGE}" for address in (METADATA, OPERATOR, STRANGER)),
            f"link set {BRIDGE} up",
            # The operator's tools send to droplets from the operator's address.
            f"route replace {PUBLIC_NETWORK} dev {BRIDGE} src {OPERATOR}",
        )
        # The cloud does not route between VPCs.
        run(self.inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.disable_ipv6=1"))
        # Linux has it since 6.1.
        run(self.inside("sysctl", "-q", "-e", "-w", f"net.ipv4.tcp_child_ehash_entries={CONNECTIONS}"))
        self.filter(packet_filter.BASE)

    def remove(self) -> None:
        """Remove the namespace. Processes inside must have ended."""
        if self._handle.exists():
            run(["ip", "netns", "delete", self._layout.namespace])
        # The whole folder, since an interrupted write leaves a temporary file.
        with suppress(FileNotFoundError):
            shutil.rmtree(self._layout.namespace_files)

    def inside(self, *argv: str) -> list[str]:
        """Return the command that runs ``argv`` inside the namespace."""
        return ["ip", "netns", "exec", self._layout.namespace, *argv]

    def filter(self, script: str) -> None:
        """Apply an nftables script atomically."""
        run(self.inside("nft", "--file", "-"), stdin=script)

    def route(self, network: IPv4Network) -> None:
        """Add the operator's route to a VPC's addresses."""
        self._ip(f"route replace {network} dev {BRIDGE} src {OPERATOR}")

    def allow_sources(self, port: str, addresses: Iterable[IPv4Interface]) -> None:
        """Allow a machine to send from its own addresses through its port of the bridge."""
        members = ", ".join(f'"{port}" . {address.ip}' for address in addresses)
        self.filter(f"add element {packet_filter.TABLE} sources {{ {members} }}\n")

    def drop(self, table: str, *packets: str, hooks: tuple[str, ...] = HOOKS) -> None:
        """Drop the packets that nftables' expressions match, by rules in a table of their own: family and name."""
        lines = [f"add table {table}"]
        for hook in hooks:
            lines.append(f"add chain {table} {hook} {{ type filter hook {hook} priority -300; }}")
            lines += [f"add rule {table} {hook} {match} drop" for match in packets]
        self.filter("".join(f"{line}\n" for line in lines))

    def pass_again(self, table: str) -> None:
        """Delete a table of ``drop``. One that does not exist is no error."""
        self.filter(f"add table {table}\ndelete table {table}\n")

    def cut_off(self, machine_id: int, port: str) -> None:
        """Drop all packets of a machine, in both directions. ARP passes, so what is cut off times out."""
        self.reconnect(machine_id)
        self.drop(f"bridge {_CUT_OFF}{machine_id}", *packets_of(port))

    def reconnect(self, machine_id: int) -> None:
        """End ``cut_off``."""
        self.pass_again(f"bridge {_CUT_OFF}{machine_id}")

    def cut_off_machines(self) -> frozenset[int]:
        """Return the ids of the machines that are cut off."""
        listed = run(self.inside("nft", "list", "tables", "bridge")).split()
        return frozenset(int(name.removeprefix(_CUT_OFF)) for name in listed if name.startswith(_CUT_OFF))

    def _ip(self, *commands: str) -> None:
        run(["ip", "-netns", self._layout.namespace, "-batch", "-"], stdin="\n".join(commands) + "\n")


def packets_of(port: str) -> tuple[str, str]:
    """Return the expressions for what a machine sends through its port of the bridge, and for what it gets."""
    return f'meta protocol ip iifname "{port}"', f'meta protocol ip oifname "{port}"'
