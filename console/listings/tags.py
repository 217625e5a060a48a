"""The tags of a cluster."""

from __future__ import annotations

from console.listings.items import Items


def tags_of(tags: Items, cluster: str) -> list[str]:
    """The tags of the cluster: its own name, and those that begin with it."""
    names = sorted(str(tag["name"]) for tag in tags)
    return [name for name in names if name == cluster or name.startswith(f"{cluster}-")]
