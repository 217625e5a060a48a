"""What the account has for a cluster, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from components.shared.ports import CLIENT_PORT, EXPORTER_PORT, METRICS_PORT, PEER_PORT
from console.production.account import Account, Items
from console.view.cloud import Backup, Cloud, Reach, Record, Volume

SSH = "22"
PURPOSES: Mapping[str, str] = {
    str(PEER_PORT): "traffic between members",
    str(CLIENT_PORT): "client traffic",
    str(EXPORTER_PORT): "reports of the machines",
    f"{METRICS_PORT}-{EXPORTER_PORT}": "metrics",
    SSH: "SSH",
}


def describe_cloud(
    cluster: str,
    account: Account,
    records: Mapping[str, str | None] | None,
    records_problem: str,
    *,
    backups: list[Backup] | None,
    backups_problem: str,
) -> Cloud:
    """What was listed. What was not is unknown."""
    return Cloud(
        reach=None if account.firewalls is None else reach_of(account.firewalls, cluster),
        reach_problem=account.reason("firewalls"),
        volumes=None if account.volumes is None else volumes_of(account.volumes, account.droplets, cluster),
        volumes_problem=account.reason("volumes"),
        tags=None if account.tags is None else tags_of(account.tags, cluster),
        tags_problem=account.reason("tags"),
        records=None
        if records is None
        else [
            Record(name=name, address=address or "", answered=None if address is None else bool(address))
            for name, address in records.items()
        ],
        records_problem=records_problem,
        backups=backups,
        backups_problem=backups_problem,
        faults=[],
        dns_stopped=False,
    )


def reach_of(firewalls: Items, cluster: str) -> list[Reach]:
    """The rules of the firewalls that apply to the cluster's tag: one entry for each source."""
    return [
        Reach(
            source=source,
            ports="all" if rule.get("ports") in {"0", "all", ""} else str(rule.get("ports")),
            protocol=str(rule.get("protocol")),
            purpose=PURPOSES.get(str(rule.get("ports")), ""),
        )
        for firewall in firewalls
        if cluster in _texts(firewall.get("tags"))
        for rule in cast("Items", firewall.get("inbound_rules") or ())
        for source in _sources(rule.get("sources") or {}, cluster)
    ]


def _sources(sources: Mapping[str, Any], cluster: str) -> list[str]:
    tags = ["members" if tag == cluster else f"tag {tag}" for tag in _texts(sources.get("tags"))]
    addresses = _texts(sources.get("addresses"))
    if "0.0.0.0/0" in addresses:
        addresses = ["anyone", *(one for one in addresses if one not in {"0.0.0.0/0", "::/0"})]
    return [*tags, *addresses]


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


def tags_of(tags: Items, cluster: str) -> list[str]:
    """The tags of the cluster: its own name, and those that begin with it."""
    names = sorted(str(tag["name"]) for tag in tags)
    return [name for name in names if name == cluster or name.startswith(f"{cluster}-")]


def _texts(values: object) -> list[str]:
    return [str(one) for one in cast("Sequence[object]", values or ())]
