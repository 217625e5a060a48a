"""Where the members are: from the listing into ``/etc/hosts``."""

from __future__ import annotations

from etcd_node.digitalocean.address_book import Book, book_of
from etcd_node.digitalocean.api import list_droplets
from etcd_node.host.hosts_file import update_hosts
from etcd_node.host.journal import say
from etcd_node.host.settings import Paths, Settings


def keep(places: Paths, book: Book) -> None:
    """Write what the listing says into the hosts file, and say so when that changed it."""
    if update_hosts(places.hosts, book.addresses):
        say(
            f"members: {', '.join(f'{name} at {address}' for name, address in sorted(book.addresses.items()))}"
        )


def learn(settings: Settings, places: Paths, token: str) -> None:
    """List the droplets once, and keep their addresses. Raises ``ListingError``."""
    book = book_of(list_droplets(settings.api_url, token, settings.tag, settings.addresses))
    if settings.name in book.addresses:
        keep(places, book)
