"""Adds and removes tags. A tag is created at its first use, which also sets its capitalisation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.api.model import Droplet, Tag, Volume
from localcloud.api.store import Store

NAME = re.compile(r"[a-zA-Z0-9_:-]{1,255}")


class InvalidTagError(ValueError):
    """The name of a tag is invalid."""


def ensure(store: Store, names: Iterable[str], path: str = "") -> list[str]:
    """Create missing tags, and return the canonical names; ``path`` is the resource that gets the tags."""
    canonical: dict[str, None] = {}
    for name in names:
        if not NAME.fullmatch(name):
            raise InvalidTagError(
                f"tag-name {name!r} contains invalid characters: letters, numbers, colons, dashes and "
                "underscores are allowed, 255 at most"
            )
        tag = store.find(Tag, name.casefold()) or Tag(name=name)
        store.put(tag.model_copy(update={"last_tagged": path or tag.last_tagged}))
        canonical[tag.name] = None
    return list(canonical)


def add(store: Store, name: str, resource: Droplet | Volume, path: str) -> None:
    """Tag a resource, unless it has the tag."""
    (canonical,) = ensure(store, [name], path)
    if canonical not in resource.tags:
        store.put(resource.model_copy(update={"tags": [*resource.tags, canonical]}))


def remove(store: Store, name: str, resource: Droplet | Volume) -> None:
    """Untag a resource, if it has the tag."""
    kept = [tag for tag in resource.tags if tag.casefold() != name.casefold()]
    if kept != resource.tags:
        store.put(resource.model_copy(update={"tags": kept}))


def tagged(droplets: Iterable[Droplet], name: str) -> list[Droplet]:
    """Return those of the droplets that have a tag."""
    wanted = name.casefold()
    return [each for each in droplets if wanted in (tag.casefold() for tag in each.tags)]
