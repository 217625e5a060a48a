"""What the account has for a cluster, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping

from console.listings.reach import reach_of
from console.listings.tags import tags_of
from console.listings.volumes import volumes_of
from console.production.account import Account
from console.view.cloud import Backup, Cloud, Record


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
