"""What of a cluster is left in the accounts after ``pulumi destroy``: a killed run leaves what is in no state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from components.config.settings import Settings
from components.orphans.stray_tags import stray_tags
from components.shared.names import member_name

LARGEST = 9
"""The most members of a cluster."""

SECONDS = 300.0
"""Seconds in which a resource must be gone after its deletion. A VPC waits for its droplets."""

INTERVAL = 1.0
"""Seconds between two tries."""


@dataclass(frozen=True)
class Left:
    """One resource."""

    account: Account
    kind: str
    name: str
    path: str
    """Where the API has it."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.path.rpartition('/')[2]})"

    def delete(self) -> None:
        """Delete it, and wait until it does not exist any more. Raises ``AcceptanceError``."""
        delete_until_gone(self.account, self.path, str(self), SECONDS)


def delete_until_gone(account: Account, path: str, what: str, seconds: float) -> None:
    """Delete what is at a path, again and again, until the API says that it does not exist.

    The API refuses a droplet with an action under way, a volume that is attached, and a VPC with members. Raises
    ``AcceptanceError``.
    """
    deadline, problem = time.monotonic() + seconds, ""
    while account.find(path) is not None:
        if time.monotonic() > deadline:
            raise AcceptanceError(f"{what} still exists after {seconds:.0f} s. {problem}")
        try:
            account.delete(path)
        except AcceptanceError as error:
            problem = str(error)
        time.sleep(INTERVAL)


def what_is_left(
    digitalocean: Account, cloudflare: Account | None, settings: Settings, cluster: str
) -> list[Left]:
    """What has the cluster's own name, in an order in which it can be deleted. Raises ``AcceptanceError``.

    ``cloudflare`` is ``None`` for a cluster without DNS records.
    """
    return [
        *_droplets(digitalocean, settings, cluster),
        *([] if cloudflare is None else _records(cloudflare, settings)),
        *_named(digitalocean, cluster),
    ]


def _droplets(account: Account, settings: Settings, cluster: str) -> Iterator[Left]:
    for tag in (cluster, probe_name(cluster)):
        for one in account.list("droplets", tag_name=tag):
            if one["name"].endswith(f".{settings.domain}"):
                yield Left(account, "droplet", one["name"], f"/v2/droplets/{one['id']}")


def _records(account: Account, settings: Settings) -> Iterator[Left]:
    for zone in _zones(account, settings):
        records = f"/zones/{zone}/dns_records"
        for number in range(1, LARGEST + 1):
            name = member_name(number, settings.domain)
            for one in account.get(f"{records}?type=A&name={name}")["result"]:
                yield Left(account, "record", name, f"{records}/{one['id']}")


def _zones(account: Account, settings: Settings) -> list[str]:
    """The id of the zone, or of each zone with its name."""
    if settings.zone_id:
        return [settings.zone_id]
    return [zone["id"] for zone in account.get(f"/zones?name={settings.zone}")["result"]]


def _named(account: Account, cluster: str) -> Iterator[Left]:
    volumes = {probe_name(cluster), *(f"{cluster}-{number}" for number in range(1, LARGEST + 1))}
    for kind, own in (("volumes", volumes), ("firewalls", {cluster}), ("vpcs", {cluster})):
        for one in account.list(kind):
            if one["name"] in own:
                yield Left(account, kind.removesuffix("s"), one["name"], f"/v2/{kind}/{one['id']}")
    for one in account.list("tags"):
        name = one["name"].casefold()
        if name in {cluster, probe_name(cluster)} or stray_tags(cluster, [name], known=(), wanted=()):
            yield Left(account, "tag", one["name"], f"/v2/tags/{one['name']}")


def probe_name(cluster: str) -> str:
    """The name of the probe's droplet and volume, and its tag."""
    return f"{cluster}-probe"
