"""The members' addresses, and when the droplets are listed again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from components.shared.droplets import addresses_by_name
from etcd_node.digitalocean.api import Droplet, ListingError
from etcd_node.host.backoff import backoff


@dataclass(frozen=True)
class DropletAddresses:
    """The addresses of the cluster's droplets."""

    by_name: Mapping[str, str] = field(default_factory=dict[str, str])
    duplicates: frozenset[str] = frozenset()
    """Names that two droplets have. One of the two is about to be deleted, and either may answer."""


def addresses_of(droplets: Sequence[Droplet]) -> DropletAddresses:
    """Return one address for each name, and the names that more than one droplet has."""
    addresses = addresses_by_name((droplet.id, droplet.name, droplet.address) for droplet in droplets)
    names = [droplet.name for droplet in droplets]
    return DropletAddresses(addresses, frozenset(name for name in names if names.count(name) > 1))


def identity_problem(addresses: DropletAddresses, name: str, local: Callable[[str], bool]) -> str | None:
    """Return why this machine may not be the listed droplet of its name, or ``None`` if it is."""
    if name in addresses.duplicates:
        return f"two droplets are named {name}: waiting until one of them is deleted"
    if name not in addresses.by_name:
        return f"waiting: DigitalOcean lists no address for this droplet, {name}"
    address = addresses.by_name[name]
    if not local(address):
        return f"waiting: DigitalOcean lists {name} at {address}, which is no address of this machine"
    return None


def is_local(address: str) -> bool:
    """Whether this machine has an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


class AddressBook:
    """Lists the droplets when there is a reason to, and keeps the last result."""

    def __init__(self, ask: Callable[[], list[Droplet]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._attempt = 0
        self._due = clock()
        self.addresses: DropletAddresses | None = None
        """The result of the last successful listing, or ``None`` before the first one."""
        self.problem = ""
        """Why the last listing failed."""

    def refresh(self, missing: bool) -> bool:
        """List the droplets if a listing is due, and return whether there is a new result.

        ``missing`` says that some member is not found at its known address.
        """
        if self._clock() < self._due or (self.addresses is not None and not missing):
            return False
        try:
            self.addresses = addresses_of(self._ask())
        except ListingError as error:
            if not self.problem:
                self._attempt = 0
            self.problem = str(error)
            self._due = self._clock() + error.delay(self._attempt)
            self._attempt += 1
            return False
        if self.problem:
            self.problem, self._attempt = "", 0
        # During a bootstrap all droplets appear within seconds, so the first pauses are short.
        self._due = self._clock() + backoff(self._attempt, first=2.0, longest=60.0)
        self._attempt += 1
        return True
