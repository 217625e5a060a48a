"""Who the other members are and where: what the listing says, and when it is asked again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from components.shared.droplets import addresses_by_name
from etcd_node.digitalocean.api import Droplet, ListingError
from etcd_node.host.backoff import backoff


@dataclass(frozen=True)
class Book:
    """The members' addresses, by name."""

    addresses: Mapping[str, str] = field(default_factory=dict[str, str])
    doubled: frozenset[str] = frozenset()
    """Names that two droplets have: one of them is about to go, and it cannot be told which of them answers."""


def book_of(droplets: Sequence[Droplet]) -> Book:
    """One address for each name."""
    addresses = addresses_by_name((droplet.id, droplet.name, droplet.address) for droplet in droplets)
    names = [droplet.name for droplet in droplets]
    return Book(addresses, frozenset(name for name in names if names.count(name) > 1))


def trouble_with_self(book: Book, name: str, local: Callable[[str], bool]) -> str | None:
    """Why this machine may not be the droplet that the listing means by its name, if there is a doubt."""
    if name in book.doubled:
        return f"two droplets are named {name}: waiting for one of them to go"
    if name not in book.addresses:
        return f"the DigitalOcean listing has no address for this droplet, {name}"
    if not local(book.addresses[name]):
        return f"the listing says {name} is at {book.addresses[name]}, which is no address of this machine"
    return None


def is_local(address: str) -> bool:
    """Whether an address is this machine's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


class AddressBook:
    """Asks the listing no more often than there is a reason to."""

    def __init__(self, ask: Callable[[], list[Droplet]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._attempt = 0
        self._due = clock()
        self.book: Book | None = None
        """What the last listing that succeeded says; ``None`` before the first one."""
        self.trouble = ""
        """Why the last one failed."""

    def refresh(self, missing: bool) -> bool:
        """Ask when it is time; whether there is a new listing. ``missing``: somebody is not found by the old one."""
        if self._clock() < self._due or (self.book is not None and not missing):
            return False
        try:
            self.book = book_of(self._ask())
        except ListingError as error:
            self.trouble = str(error)
            self._due = self._clock() + error.delay(self._attempt)
            self._attempt += 1
            return False
        if self.trouble:
            self.trouble, self._attempt = "", 0
        # Droplets of a founding appear within seconds of each other: soon again at first, then ever more slowly.
        self._due = self._clock() + backoff(self._attempt, first=2.0, longest=60.0)
        self._attempt += 1
        return True
