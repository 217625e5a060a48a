"""The floor of a founding: the same machines, with a configuration written by hand."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from string import Template
from typing import Any

from bench.api import Api
from bench.errors import BenchError
from bench.observer import Founding, Observer

LIMIT = 90.0
"""Seconds for one founding, and for its removal."""

TAG = "bench-floor"

_FILES = {
    "ca": "ca",
    "server": "server",
    "server_key": "server-key",
    "peer": "peer",
    "peer_key": "peer-key",
}
_POLL = 0.5


@dataclass(frozen=True)
class Plan:
    """What the program's own founding had, so that the floor has the same."""

    certificates: Mapping[str, Mapping[str, str]]
    """By member: certificates and keys, by their placeholders in ``floor.yaml``."""
    order: Mapping[str, Any]
    """Region, image and size of a droplet, as the API takes them."""
    volume_gib: int
    release_url: str


def next_addresses(founding: Founding) -> list[str]:
    """The public addresses of the next droplets: the local cloud gives them out in ascending order."""
    last = max(IPv4Address(sighting.addresses[0]) for sighting in founding.sightings)
    return [str(last + number) for number in range(1, len(founding.sightings) + 1)]


def render(plan: Plan, name: str, addresses: Mapping[str, str]) -> str:
    """One member's user data. ``addresses`` has those of all members."""
    certificates = {
        placeholder: base64.b64encode(text.encode()).decode()
        for placeholder, text in plan.certificates[name].items()
    }
    return Template(Path(__file__).with_name("floor.yaml").read_text()).substitute(
        certificates,
        name=name,
        initial_cluster=",".join(f"{member}=https://{member}:2380" for member in addresses),
        hosts=",".join(f"{address} {member}" for member, address in addresses.items()),
        volume=volume_name(name),
        release_url=plan.release_url,
    )


def volume_name(member: str) -> str:
    """The name of a member's data volume."""
    return f"{TAG}-{member.split('.', maxsplit=1)[0]}"


class Floor:
    """Founds clusters straight through the DigitalOcean API."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._api = Api()

    def plan(self, founding: Founding) -> Plan:
        """Read off a founding by the program, whose machines still run."""
        droplets = self._api.call("GET", "/v2/droplets")["droplets"]
        volumes = self._api.call("GET", "/v2/volumes")["volumes"]
        settings = founding.sightings[0].machine.upper / "etc/etcd/prepare_cluster.json"
        return Plan(
            certificates={
                sighting.name: {
                    placeholder: (sighting.machine.upper / f"etc/etcd/{file}.pem").read_text()
                    for placeholder, file in _FILES.items()
                }
                for sighting in founding.sightings
            },
            order={
                "region": droplets[0]["region"]["slug"],
                "image": droplets[0]["image"]["slug"],
                "size": droplets[0]["size_slug"],
            },
            volume_gib=volumes[0]["size_gigabytes"],
            release_url=json.loads(settings.read_text())["release_url"],
        )

    def found(self, plan: Plan, addresses: Sequence[str]) -> Founding:
        """Create the droplets, wait for their cluster's health, and remove them.

        ``addresses`` are those that the droplets are going to get. Raises ``BenchError``.
        """
        members = dict(zip(sorted(plan.certificates), addresses, strict=True))
        try:
            volumes = {name: self._create_volume(plan, name) for name in members}
            with self._observer.watching(LIMIT) as founding:
                for name in members:
                    self._create_droplet(plan, name, volumes[name], members)
                seen = founding.result()
        finally:
            self._remove()
        for sighting in seen.sightings:
            if sighting.addresses[0] != members[sighting.name]:
                raise BenchError(
                    f"{sighting.name} got the address {sighting.addresses[0]}, foreseen was {members[sighting.name]}"
                )
        return seen

    def _create_volume(self, plan: Plan, member: str) -> str:
        body = {
            "name": volume_name(member),
            "region": plan.order["region"],
            "size_gigabytes": plan.volume_gib,
            "filesystem_type": "ext4",
        }
        return str(self._api.call("POST", "/v2/volumes", body)["volume"]["id"])

    def _create_droplet(self, plan: Plan, member: str, volume: str, members: Mapping[str, str]) -> None:
        user_data = render(plan, member, members)
        body = {**plan.order, "name": member, "tags": [TAG], "volumes": [volume], "user_data": user_data}
        self._api.call("POST", "/v2/droplets", body)

    def _remove(self) -> None:
        deadline = time.monotonic() + LIMIT
        while droplets := self._api.call("GET", f"/v2/droplets?tag_name={TAG}")["droplets"]:
            if time.monotonic() > deadline:
                raise BenchError(f"the floor's droplets are still there after {LIMIT:.0f} s")
            if not any(droplet["locked"] for droplet in droplets):
                self._api.call("DELETE", f"/v2/droplets?tag_name={TAG}")
            time.sleep(_POLL)
        for volume in self._api.call("GET", "/v2/volumes")["volumes"]:
            if volume["name"].startswith(TAG):
                self._api.call("DELETE", f"/v2/volumes/{volume['id']}")
