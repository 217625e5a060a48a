"""What an acceptance run costs, by the prices that the DigitalOcean API tells and docs/cost.md lists."""

from __future__ import annotations

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from acceptance.stack import MEMBERS
from components.config.settings import Settings

HOURS = 1.0
"""The time for which the estimate counts everything. A whole run takes about half of it."""

VOLUME_GIB_HOUR = 0.10 / 672
"""US dollars for a GiB of a volume in an hour: 0.10 a month, in the 672 hours that DigitalOcean bills at most."""


def estimate(account: Account, settings: Settings, *, scaled_to: int = MEMBERS) -> float:
    """US dollars without taxes: the members of the largest size, and the probe, for ``HOURS``."""
    prices = {size["slug"]: float(size["price_hourly"]) for size in account.list("sizes")}
    if settings.droplet_size not in prices:
        raise AcceptanceError(
            f"etcd:dropletSize is {settings.droplet_size}: the account has no such size. "
            "doctl compute size list prints them"
        )
    droplets = (scaled_to + 1) * prices[settings.droplet_size]
    volumes = (scaled_to * settings.volume_size + 1) * VOLUME_GIB_HOUR
    return HOURS * (droplets + volumes)
