"""Read the cluster's markers, and the shutdown requests of this droplet."""

from __future__ import annotations

from collections.abc import Callable

from components.shared.markers import Markers, markers_in, unlisted_markers
from components.shared.shutdown_requests import shutdown_requests
from etcd_node.digitalocean.api import Fetch, ListingError, list_droplets, pages, unexpected
from etcd_node.host.settings import Settings


def read_markers(settings: Settings, token: str, *, fetch: Fetch | None = None) -> Markers:
    """Read the cluster's markers from the account's tags (``GET /v2/tags``). Raises ``ListingError``."""
    names: list[str] = []
    totals: set[int] = set()
    for body in pages(settings.api_url, token, "tags", {}, fetch=fetch):
        try:
            # A tag keeps the capitals of its first use in the account.
            names += [str(tag["name"]).casefold() for tag in body["tags"]]
            totals.add(int(body["meta"]["total"]))
        except (KeyError, TypeError, ValueError) as error:
            raise unexpected("tags", error) from error
    # A missing marker allows a shutdown. If tags change meanwhile, a marker may move to a page that was read already.
    # Nor does the API promise that the total is the number of listed names.
    if totals != {len(set(names))}:
        names += [
            name
            for name in unlisted_markers(names, settings.tag)
            if _exists(settings, token, name, fetch=fetch)
        ]
    return markers_in(names, settings.tag)


def _exists(settings: Settings, token: str, tag: str, *, fetch: Fetch | None) -> bool:
    """Whether the account has a tag (``GET /v2/tags/NAME``). Raises ``ListingError``."""
    try:
        body = next(pages(settings.api_url, token, f"tags/{tag}", {}, fetch=fetch))
        return str(body["tag"]["name"]).casefold() == tag.casefold()
    except ListingError as error:
        if error.missing:
            return False
        raise
    except (KeyError, TypeError) as error:
        raise unexpected("tag", error) from error


def own_droplet(
    settings: Settings, token: str, local: Callable[[str], bool], *, fetch: Fetch | None = None
) -> int:
    """Return the id of this machine's droplet. It is found by name and address, since two may have the name.

    Raises ``ListingError``.
    """
    listed = list_droplets(settings.api_url, token, settings.tag, settings.addresses, fetch=fetch)
    for droplet in listed:
        if droplet.name == settings.name and droplet.address and local(droplet.address):
            return droplet.id
    raise ListingError(f"DigitalOcean lists no droplet {settings.name} at an address of this machine")


def shutdown_was_requested(
    settings: Settings, token: str, droplet: int, since: float, *, fetch: Fetch | None = None
) -> bool:
    """Whether a shutdown of a droplet was requested since this Unix time. Raises ``ListingError``.

    ``GET /v2/droplets/ID/actions`` lists the latest actions first, so the first page is enough.
    """
    body = next(pages(settings.api_url, token, f"droplets/{droplet}/actions", {}, fetch=fetch))
    try:
        return bool(shutdown_requests(body["actions"], since))
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected("actions", error) from error
