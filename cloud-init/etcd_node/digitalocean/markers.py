"""The DigitalOcean API on a shutdown: the cluster's markers, and what was asked of this droplet."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from etcd_node.digitalocean.api import Fetch, ListingError, list_droplets, pages, unexpected
from etcd_node.host.settings import Settings


@dataclass(frozen=True)
class Markers:
    """What the account's tags say about the cluster; no droplet carries any of these."""

    up: bool
    """``NAME-up``: the cluster is wanted. Without it, it is being torn down: this tag goes before the first droplet."""
    size: int | None
    """``NAME-size-N``: the number of members that the last run asked for. For a moment of a change there is none."""
    all_at_once: bool
    """``NAME-all-at-once``: the operator said ``etcd:rollout: all-at-once``."""

    def want(self, number: int) -> bool:
        """Whether member ``number`` is to exist; not while that is unknown."""
        return self.up and self.size is not None and number <= self.size


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
    cluster = settings.tag.casefold()
    sizes = [re.fullmatch(rf"{re.escape(cluster)}-size-([1-9]\d*)", name) for name in names]
    return Markers(
        up=f"{cluster}-up" in names,
        # Somebody else's second one is no reason to come back.
        size=min((int(size[1]) for size in sizes if size), default=None),
        all_at_once=f"{cluster}-all-at-once" in names,
    )


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
        return any(
            action["type"] == "shutdown" and datetime.fromisoformat(action["started_at"]).timestamp() >= since
            for action in body["actions"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected("actions", error) from error
