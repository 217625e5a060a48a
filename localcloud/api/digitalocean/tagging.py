"""Tags on resources: names are checked, tags are made when first used, and capitalisation is the first one's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.api.model import Droplet, Tag, Volume
from localcloud.api.store import Store

NAME = re.compile(r"[a-zA-Z0-9_:-]{1,255}")


class InvalidTag(ValueError):  # noqa: N818 - it names what is wrong
    """A name that no tag can have."""


def ensure(store: Store, names: Iterable[str], path: str = "") -> list[str]:
    """The canonical names of these tags, each made if there is none; ``path`` is the resource that gets them."""
    canonical: dict[str, None] = {}
    for name in names:
        if not NAME.fullmatch(name):
            raise InvalidTag(
                f"tag-name {name!r} contains invalid characters: letters, numbers, colons, dashes and "
                "underscores are allowed, 255 at most"
            )
        tag = store.find(Tag, name.casefold()) or Tag(name=name)
        store.put(tag.model_copy(update={"last_tagged": path or tag.last_tagged}))
        canonical[tag.name] = None
    return list(canonical)


def add(store: Store, name: str, resource: Droplet | Volume, path: str) -> None:
    """Tag a resource; one that has the tag keeps it."""
    (canonical,) = ensure(store, [name], path)
    if canonical not in resource.tags:
        store.put(resource.model_copy(update={"tags": [*resource.tags, canonical]}))


def remove(store: Store, name: str, resource: Droplet | Volume) -> None:
    """Untag a resource; one that has not the tag stays as it is."""
    kept = [tag for tag in resource.tags if tag.casefold() != name.casefold()]
    if kept != resource.tags:
        store.put(resource.model_copy(update={"tags": kept}))


def tagged(store: Store, name: str) -> list[Droplet]:
    """Every droplet with a tag."""
    wanted = name.casefold()
    return [each for each in store.all(Droplet) if wanted in (tag.casefold() for tag in each.tags)]
