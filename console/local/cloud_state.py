"""What the local cloud has for a cluster, as its APIs list it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.listings.items import Items
from console.listings.reach import reach_of
from console.listings.tags import tags_of
from console.listings.volumes import volumes_of
from console.local.actions import fault_of
from console.local.backups import Backups
from console.local.control import CLOUDFLARE, DIGITALOCEAN, Control
from console.view.cloud import Cloud, Fault, Record

SERVICES = {"digitalocean": "DigitalOcean's API", "cloudflare": "Cloudflare's API"}


@dataclass(frozen=True)
class CloudState:
    """The listings of one moment."""

    droplets: Items = ()
    volumes: Items = ()
    firewalls: Items = ()
    tags: Items = ()
    records: Items = ()
    faults: Items = ()
    paused: frozenset[int] = field(default_factory=frozenset[int])
    """Ids of the droplets whose machines are paused."""
    cut_off: frozenset[int] = field(default_factory=frozenset[int])
    name_server_paused: bool = False

    def members(self, tag: str) -> dict[str, Mapping[str, Any]]:
        """The droplets of a cluster by name. A droplet that is being deleted gives way to a newer one."""
        ours = sorted((one for one in self.droplets if tag in one["tags"]), key=lambda one: one["id"])
        return {one["name"]: one for one in ours}


async def read_cloud(control: Control) -> CloudState:
    """Read all listings. Raises ``ControlError``."""
    zones = await control.listed(CLOUDFLARE, "/zones", "result")
    listings = [(DIGITALOCEAN, f"/{key}", key) for key in ("droplets", "volumes", "firewalls", "tags")]
    listings += [(CLOUDFLARE, f"/zones/{zone['id']}/dns_records", "result") for zone in zones]
    droplets, volumes, firewalls, tags, *records = await asyncio.gather(
        *(control.listed(api, path, key) for api, path, key in listings)
    )
    faults, disturbed = await asyncio.gather(
        control.ask("GET", "/faults"), control.ask("GET", "/interference")
    )
    return CloudState(
        droplets,
        volumes,
        firewalls,
        tags,
        [record for zone in records for record in zone],
        faults["faults"],
        frozenset(disturbed["paused"]),
        frozenset(disturbed["cut_off"]),
        disturbed["name_server_paused"],
    )


def shown_cloud(
    state: CloudState | None,
    cluster: str,
    names: Sequence[str],
    answers: Mapping[str, Sequence[str]],
    backups: Backups,
) -> Cloud:
    """What the cloud has for a cluster. ``cluster`` is its tag, and ``answers`` are those of the name server."""
    known = state or CloudState()
    unknown = "" if state else "The local cloud does not answer."
    return Cloud(
        reach=reach_of(known.firewalls, cluster) if state else None,
        reach_problem=unknown,
        volumes=volumes_of(known.volumes, known.droplets, cluster) if state else None,
        volumes_problem=unknown,
        tags=tags_of(known.tags, cluster) if state else None,
        tags_problem=unknown,
        records=records(known, names, answers) if state else None,
        records_problem=unknown,
        backups=backups.listed,
        backups_problem=backups.problem,
        faults=[
            Fault(id=one["id"], text=_fault_text(one), service=one["service"], fault=fault_of(one))
            for one in known.faults
        ],
        dns_stopped=known.name_server_paused,
    )


def records(state: CloudState, names: Sequence[str], answers: Mapping[str, Sequence[str]]) -> list[Record]:
    """The DNS records of a cluster's members. ``answers`` are those that the name server has."""
    return [
        Record(
            name=one["name"],
            address=one["content"],
            answered=not state.name_server_paused and one["content"] in answers.get(one["name"], ()),
        )
        for one in sorted(state.records, key=lambda one: one["name"])
        if one["name"] in names and one["type"] == "A"
    ]


def _fault_text(fault: Mapping[str, Any]) -> str:
    service, effect = SERVICES.get(fault["service"], fault["service"]), ""
    match fault["kind"]:
        case "down":
            effect = "refuses connections"
        case "latency":
            effect = f"answers {fault['seconds']:g} s late"
        case "status":
            effect = f"answers with status {fault['status']}"
        case "drop":
            effect = "closes connections without an answer"
        case "stale":
            effect = "lists the droplets of an earlier time"
        case _:
            effect = "leaves droplets out of its list"
    token = f" for the token {fault['token']}" if fault.get("token") else ""
    path = f" at {fault['path']}" if fault.get("path") else ""
    return f"{service} {effect}{token}{path}"
