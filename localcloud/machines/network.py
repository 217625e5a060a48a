"""A local cloud's network: a namespace with one bridge, on which every address of the cloud lives."""

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
from localcloud.machines.layout import Layout

BRIDGE = "cloud0"

BRIDGE_MAC = "02:00:00:c1:0d:00"
"""Fixed: by itself a bridge takes the lowest address of its ports, which changes as machines come and go, and the
others would send to the old one until their ARP entries are checked again, half a minute later."""


class Network:
    """The network namespace of one local cloud. Nothing leads out of it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._handle = Path("/run/netns") / layout.namespace

    def complete(self) -> bool:
        """Whether the namespace is there with everything in it: the packet filter is made last."""
        return succeeds(self.inside("nft", "list", "chain", *packet_filter.TABLE.split(), "output"))

    def exists(self) -> bool:
        """Whether there is anything of it."""
        return self._handle.exists()

    def is_this(self) -> bool:
        """Whether this process runs in it."""
        return self._handle.exists() and self._handle.samefile("/proc/self/ns/net")

    def ensure(self) -> None:
        """Make the namespace, its bridge and addresses; a half-made one is made anew."""
        if self.complete():
            return
        self.remove()
        self._layout.namespace_files.mkdir(parents=True, exist_ok=True)
        replace(self._layout.namespace_files / "resolv.conf", f"nameserver {GATEWAY.ip}\n", mode=0o644)
        # Without it a host's systemd-resolved would be asked, which knows nothing of this namespace.
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
            # What the operator's tools send to droplets comes from the operator's address.
            f"route replace {PUBLIC_NETWORK} dev {BRIDGE} src {OPERATOR}",
        )
        # A router between VPCs is what the cloud has not got.
        run(self.inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.disable_ipv6=1"))
        self.filter(packet_filter.BASE)

    def remove(self) -> None:
        """Undo ``ensure``. Processes inside must have ended."""
        if self._handle.exists():
            run(["ip", "netns", "delete", self._layout.namespace])
        # Whatever is there: an interrupted write leaves a file of another name.
        with suppress(FileNotFoundError):
            shutil.rmtree(self._layout.namespace_files)

    def inside(self, *argv: str) -> list[str]:
        """The command that runs ``argv`` inside the namespace."""
        return ["ip", "netns", "exec", self._layout.namespace, *argv]

    def filter(self, script: str) -> None:
        """Apply an nftables script, whole or not at all."""
        run(self.inside("nft", "--file", "-"), stdin=script)

    def route(self, network: IPv4Network) -> None:
        """Let the operator reach a VPC's addresses."""
        self._ip(f"route replace {network} dev {BRIDGE} src {OPERATOR}")

    def admit(self, port: str, addresses: Iterable[IPv4Interface]) -> None:
        """Let a machine send from its own addresses through its port of the bridge."""
        members = ", ".join(f'"{port}" . {address.ip}' for address in addresses)
        self.filter(f"add element {packet_filter.TABLE} sources {{ {members} }}\n")

    def _ip(self, *commands: str) -> None:
        run(["ip", "-netns", self._layout.namespace, "-batch", "-"], stdin="\n".join(commands) + "\n")
