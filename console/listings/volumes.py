"""The volumes of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from console.listings.items import Items
from console.view.cloud import Volume


def volumes_of(volumes: Items, droplets: Items | None, cluster: str) -> list[Volume]:
    """The volumes of the cluster's members, which have names that begin with the cluster's."""
    names = {int(droplet["id"]): str(droplet["name"]) for droplet in droplets or ()}
    found: list[Volume] = []
    for volume in sorted(volumes, key=lambda one: str(one["name"])):
        if not str(volume["name"]).startswith(f"{cluster}-"):
            continue
        attached = cast("Sequence[int]", volume.get("droplet_ids") or ())
        member = next((names.get(one, f"droplet {one}") for one in attached), "")
        found.append(Volume(name=str(volume["name"]), size_gib=int(volume["size_gigabytes"]), member=member))
    return found
