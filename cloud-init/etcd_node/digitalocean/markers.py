"""The DigitalOcean API on a shutdown: the cluster's markers, and what was asked of this droplet."""

from __future__ import annotations

from collections.abc import Callable

from components.shared.markers import Markers, markers_in
from components.shared.shutdown_requests import shutdown_requests
from etcd_node.digitalocean.api import Fetch, ListingError, list_droplets, pages, unexpected
from etcd_node.host.settings import Settings


def read_markers(settings: Settings, token: str, *, fetch: Fetch | None = None) -> Markers:
    """The cluster's markers among all tags of the account (``GET /v2/tags``). Raises ``ListingError``."""
    names: list[str] = []
    totals: set[int] = set()
    for body in pages(settings.api_url, token, "tags", {}, fetch=fetch):
        try:
            # A tag keeps the capitals that it was first written with, wherever that was.
            names += [str(tag["name"]).casefold() for tag in body["tags"]]
            totals.add(int(body["meta"]["total"]))
        except (KeyError, TypeError, ValueError) as error:
            raise unexpected("tags", error) from error
    # A marker that is not there means much. One may slip from a page to an earlier one that was read before.
    if totals != {len(set(names))}:
        raise ListingError("the account's tags changed while they were listed")
    return markers_in(names, settings.tag)


def own_droplet(
    settings: Settings, token: str, local: Callable[[str], bool], *, fetch: Fetch | None = None
) -> int:
    """This machine's droplet id: by its name, and its address, since two droplets may have the name.

    Raises ``ListingError``.
    """
    listed = list_droplets(settings.api_url, token, settings.tag, settings.addresses, fetch=fetch)
    for droplet in listed:
        if droplet.name == settings.name and droplet.address and local(droplet.address):
            return droplet.id
    raise ListingError(f"no droplet {settings.name} has an address of this machine")


def was_pressed(
    settings: Settings, token: str, droplet: int, since: float, *, fetch: Fetch | None = None
) -> bool:
    """Whether a shutdown of a droplet was asked for at ``since``, in Unix time, or later. Raises ``ListingError``.

    ``GET /v2/droplets/ID/actions`` has the latest first, so that its first page is enough.
    """
    body = next(pages(settings.api_url, token, f"droplets/{droplet}/actions", {}, fetch=fetch))
    try:
        return bool(shutdown_requests(body["actions"], since))
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected("actions", error) from error
