"""The floor of a bootstrap: the same machines, with a configuration written by hand."""

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
from bench.observer import Bootstrap, Observer

LIMIT = 90.0
"""Seconds that one bootstrap may take, and its removal."""

TAG = "bench-floor"

FILES = {
    "ca": "ca",
    "peer_ca": "peer-ca",
    "server": "server",
    "server_key": "server-key",
    "peer": "peer",
    "peer_key": "peer-key",
}
"""Names of the files in ``/etc/etcd``, without ``.pem``, by their placeholders in ``floor.yaml``."""
_POLL = 0.5


@dataclass(frozen=True)
class Plan:
    """Inputs of a bootstrap by the program, which the floor takes over."""

    certificates: Mapping[str, Mapping[str, str]]
    """Certificates and keys by member, and then by their placeholders in ``floor.yaml``."""
    order: Mapping[str, Any]
    """Region, image and size of a droplet, as the API takes them."""
    volume_gib: int
    release_url: str


def next_addresses(bootstrap: Bootstrap) -> list[str]:
    """The public addresses of the next droplets. The local cloud assigns them in ascending order."""
    last = max(IPv4Address(boot.addresses[0]) for boot in bootstrap.boots)
    return [str(last + number) for number in range(1, len(bootstrap.boots) + 1)]


def render(plan: Plan, name: str, addresses: Mapping[str, str]) -> str:
    """Render one member's user data. ``addresses`` are those of all members, by name."""
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
    """Bootstraps clusters by requests to the DigitalOcean API, without Pulumi."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._api = Api()

    def plan(self, bootstrap: Bootstrap) -> Plan:
        """Read the plan from a cluster of the program that still runs."""
        droplets = self._api.call("GET", "/v2/droplets")["droplets"]
        volumes = self._api.call("GET", "/v2/volumes")["volumes"]
        settings = bootstrap.boots[0].machine.upper / "etc/etcd/prepare_cluster.json"
        return Plan(
            certificates={
                boot.name: {
                    placeholder: (boot.machine.upper / f"etc/etcd/{file}.pem").read_text()
                    for placeholder, file in FILES.items()
                }
                for boot in bootstrap.boots
            },
            order={
                "region": droplets[0]["region"]["slug"],
                "image": droplets[0]["image"]["slug"],
                "size": droplets[0]["size_slug"],
            },
            volume_gib=volumes[0]["size_gigabytes"],
            release_url=json.loads(settings.read_text())["release_url"],
        )

    def bootstrap(self, plan: Plan, addresses: Sequence[str]) -> Bootstrap:
        """Create the droplets, wait until their cluster is healthy, and remove them.

        ``addresses`` are those that the droplets will get. Raises ``BenchError``.
        """
        members = dict(zip(sorted(plan.certificates), addresses, strict=True))
        try:
            volumes = {name: self._create_volume(plan, name) for name in members}
            with self._observer.watching_bootstrap(LIMIT) as future:
                for name in members:
                    self._create_droplet(plan, name, volumes[name], members)
                observed = future.result()
        finally:
            self._remove()
        for boot in observed.boots:
            if boot.addresses[0] != members[boot.name]:
                raise BenchError(
                    f"{boot.name} has the address {boot.addresses[0]}, and its user data says {members[boot.name]}"
                )
        return observed

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
                raise BenchError(
                    f"the floor's droplets still exist {LIMIT:.0f} s after the request to delete them"
                )
            if not any(droplet["locked"] for droplet in droplets):
                self._api.call("DELETE", f"/v2/droplets?tag_name={TAG}")
            time.sleep(_POLL)
        for volume in self._api.call("GET", "/v2/volumes")["volumes"]:
            if volume["name"].startswith(TAG):
                self._api.call("DELETE", f"/v2/volumes/{volume['id']}")
