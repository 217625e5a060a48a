"""Where the members are: from the listing into ``/etc/hosts``."""

from __future__ import annotations

from .directory import Book, book_of
from .hosts import update_hosts
from .journal import say
from .listing import list_droplets
from .settings import Places, Settings


def keep(places: Places, book: Book) -> None:
    """Write what the listing says into the hosts file, and say so when that changed it."""
    if update_hosts(places.hosts, book.addresses):
        say(
            f"members: {', '.join(f'{name} at {address}' for name, address in sorted(book.addresses.items()))}"
        )


def learn(settings: Settings, places: Places, token: str) -> None:
    """List the droplets once, and keep their addresses. Raises ``ListingError``."""
    book = book_of(list_droplets(settings.api_url, token, settings.tag, settings.addresses))
    if settings.name in book.addresses:
        keep(places, book)
