"""What else the zone has at the members' names.

Whose an A record is, the stack's state decides by the record's id, and then the record's comment.

Cloudflare creates no A record beside a CNAME or an NS record of the same name (its errors 81053, 81054 and 81056). It
allows a second A record and an AAAA record, which lead clients somewhere else. Other types do not matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pulumi

from ..api.zone_records import RecordsNotListedError, records_in_zone
from ..config.loading import ProviderAccess
from ..config.naming import key_of
from ..config.settings import Settings
from ..identity.stack_state import StackState
from ..run_log import log

BLOCKING = frozenset({"CNAME", "NS"})
"""The types beside which Cloudflare creates no A record."""
PAUSES = (1, 2)
"""Seconds before each retry. A run that cannot see the records goes on without this check."""

Record = Mapping[str, Any]
"""A record as the API shows it."""


class RecordConflictError(pulumi.RunError):
    """A record of somebody else has a member's name. The text names it, and says what to do."""


class RecordCheck:
    """Lists the zone's records at the members' names once, warns, and refuses what cannot be created."""

    warnings: pulumi.Output[None]
    """Resolves when everything has been warned of."""

    def __init__(
        self,
        settings: Settings,
        cluster: str,
        *,
        zone_id: pulumi.Output[str],
        existing: pulumi.Output[frozenset[str]],
        stack: pulumi.Output[StackState],
        access: ProviderAccess,
    ) -> None:
        """Start the listing, by the account of the zone.

        ``existing`` are the members that have a droplet when the run begins. ``stack`` is the stack's state then.
        """
        self._settings = settings
        self._cluster = cluster
        self._zone_id = zone_id
        self._existing = existing
        self._stack = stack
        self._access = access
        self._records = asyncio.ensure_future(self._list())
        # As an output, so that the program waits for the warnings.
        self.warnings = pulumi.Output.from_input(self._warn())

    async def check(self, missing: Collection[str]) -> None:
        """Raise ``RecordConflictError`` if Cloudflare or this program would not create the record of a member.

        ``missing`` are the members without a droplet.
        """
        records = await asyncio.shield(self._records)
        known = await self._known()
        found = [
            text
            for name in sorted(missing)
            if (text := obstacle(records, name, self._settings, self._cluster, known))
        ]
        if found:
            raise RecordConflictError("\n".join([*found, "No member was changed"]))

    async def _warn(self) -> None:
        records = await asyncio.shield(self._records)
        existing = await self._existing.future() or frozenset[str]()
        known = await self._known()
        for name in self._settings.member_names:
            for text in misdirections(
                records, name, self._settings, self._cluster, known, new=name not in existing
            ):
                log.warn(text)

    async def _known(self) -> frozenset[str]:
        stack = await self._stack.future()
        return frozenset() if stack is None else frozenset(record.id for record in stack.records.values())

    async def _list(self) -> Sequence[Record]:
        zone = await self._zone_id.future()
        if not zone or not self._access.known:
            return []
        domain = self._settings.domain
        try:
            records = await records_in_zone(self._access, zone, PAUSES, **{"name.endswith": domain})
        except RecordsNotListedError as error:
            log.info(f"{error}. This run does not see what else has the members' names")
            return []
        return [
            record for record in records if record["name"] == domain or record["name"].endswith(f".{domain}")
        ]


def obstacle(
    records: Iterable[Record], name: str, settings: Settings, cluster: str, known: Collection[str] = ()
) -> str:
    """Why the record of a member without a droplet would not be created, and what to do. Empty if it would.

    ``known`` are the ids of the records in the stack's state.
    """
    for record in records:
        if record["type"] in BLOCKING and _is_at(record, name, settings):
            return (
                f"{_described(record, settings)}, beside which Cloudflare creates no record for {name}. If nothing "
                f"uses it, delete it at Cloudflare. If something does, use another {key_of('domain')} for a new cluster"
            )
        if _is_anothers_address(record, name, cluster, known):
            return (
                f"{_described(record, settings)}, which is not this cluster's. If nothing uses it, delete it at "
                f"Cloudflare. If something does, use another {key_of('domain')} for a new cluster"
            )
    return ""


def misdirections(
    records: Iterable[Record],
    name: str,
    settings: Settings,
    cluster: str,
    known: Collection[str] = (),
    *,
    new: bool,
) -> list[str]:
    """What leads clients of a member somewhere else, and what to do.

    ``known`` are the ids of the records in the stack's state. ``new`` is whether the member has no droplet yet.
    """
    return [
        f"{_described(record, settings)}. Clients that use it do not reach the member. If nothing else uses it, "
        "delete it at Cloudflare"
        for record in records
        if (record["type"] == "AAAA" and record["name"] == name)
        or (not new and record["type"] in BLOCKING and _is_at(record, name, settings))
        or (not new and _is_anothers_address(record, name, cluster, known))
    ]


def _is_anothers_address(record: Record, name: str, cluster: str, known: Collection[str]) -> bool:
    """Whether a record is an A record with a member's name that this cluster has not made."""
    return record["type"] == "A" and record["name"] == name and not is_ours(record, cluster, known)


def is_ours(record: Record, cluster: str, known: Collection[str]) -> bool:
    """Whether the state knows a record, or its comment names this cluster.

    Somebody may have edited the comment. That of earlier versions ends with the name.
    """
    if record.get("id") in known:
        return True
    comment = record.get("comment") or ""
    return comment == f"etcd cluster {cluster}" or comment.startswith(f"etcd cluster {cluster}, ")


def _is_at(record: Record, name: str, settings: Settings) -> bool:
    """Whether a record is at a member's name, or delegates the members' whole domain to other name servers."""
    # Without the zone's name it is unknown whether the domain is the zone itself, which always has such records.
    below = settings.zone and settings.domain != settings.zone
    delegates = record["type"] == "NS" and record["name"] == settings.domain and below
    return record["name"] == name or bool(delegates)


def _described(record: Record, settings: Settings) -> str:
    kind = record["type"]
    article = "an" if kind[0] in "AN" else "a"
    zone = f"the zone {settings.zone}" if settings.zone else "the members' zone"
    return f"{zone} has {article} {kind} record for {record['name']}, to {record['content']}"
