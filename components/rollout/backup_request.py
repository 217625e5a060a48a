"""A backup before what cannot be taken back: asked of the members, and waited for until one has confirmed it.

The program reaches etcd, and not always the bucket. So request and confirmation are leases, which a quorum agrees
on, which end by themselves, and which take no key and no revision. cloud-init/etcd_node/backup/request.py is
the members' part.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Protocol

import pulumi

from components.api.listing import ListingError
from components.config.settings import Settings
from components.etcd.admin import ChangeRefusedError
from components.shared.backups import REQUEST_LEASE, confirmation_lease

OUTLIVES_SECONDS = 60
"""The request is there longer than the program waits, by so much at least,"""
LENGTHS = 600
"""and by less than so much more. The length is random, so that no confirmation is taken for another one's."""
POLL_SECONDS = 1.0
REPEAT_SECONDS = 15
"""Progress is said this often."""


class BackupError(Exception):
    """No backup was confirmed; the text says what was last seen, and what to do."""


class Leases(Protocol):
    """A member, as components/etcd/admin.py has it. All raise ``ChangeRefusedError``."""

    async def grant_lease(self, lease: int, seconds: int) -> None:
        """Make a lease."""
        ...

    async def has_lease(self, lease: int) -> bool:
        """Whether there is one."""
        ...

    async def revoke_lease(self, lease: int) -> None:
        """End one, if there is one."""
        ...


class BackupRequests:
    """The backups that one run asks for: one for each of its purposes."""

    def __init__(self, settings: Settings, leases_of: Callable[[str], Awaitable[Leases]]) -> None:
        """``leases_of`` gives a member by its name."""
        self._settings = settings
        self._leases_of = leases_of
        self._done: set[str] = set()

    async def confirmed(self, purpose: str, members: Sequence[str], *, ending: str) -> bool:
        """Have a backup taken that begins after this call; whether that took its time.

        Nothing is asked where backups are off, nor a second time for one ``purpose``. ``members`` are asked in turn;
        ``ending`` says what the run has and has not done. Raises ``BackupError`` after ``etcd:healthTimeoutSeconds``.
        """
        if not self._settings.backup_bucket or purpose in self._done:
            return False
        await self._ask(purpose, members, ending)
        self._done.add(purpose)
        return True

    async def _ask(self, purpose: str, members: Sequence[str], ending: str) -> None:
        limit = self._settings.health_timeout_seconds
        length = limit + OUTLIVES_SECONDS + secrets.randbelow(LENGTHS)
        pulumi.log.info(f"{purpose}: the members take a backup first")
        started = said_at = monotonic()
        seen, asked = "no member was asked yet", False
        for member in itertools.cycle(members):
            now = monotonic()
            if now - started >= limit:
                await self._withdraw(member)
                raise BackupError(failure(purpose, limit, seen, ending))
            if now - said_at >= REPEAT_SECONDS:
                pulumi.log.info(f"{purpose}: waiting for a backup, {now - started:.0f} of {limit} s; {seen}")
                said_at = now
            try:
                leases = await self._leases_of(member)
                if not asked:
                    # A run that was killed leaves its request, and etcd makes no lease twice.
                    await leases.revoke_lease(REQUEST_LEASE)
                    await leases.grant_lease(REQUEST_LEASE, length)
                    asked = True
                if await leases.has_lease(confirmation_lease(length)):
                    pulumi.log.info(f"{purpose}: the backup is in the bucket")
                    return
                seen = "no member has confirmed one yet"
            except (ChangeRefusedError, ListingError) as error:
                seen = str(error)
            await asyncio.sleep(POLL_SECONDS)
        raise BackupError(failure(purpose, limit, "no member answers", ending))

    async def _withdraw(self, member: str) -> None:
        """Let the members try no longer. Where that fails, the request ends by itself."""
        try:
            await (await self._leases_of(member)).revoke_lease(REQUEST_LEASE)
        except (ChangeRefusedError, ListingError) as error:
            pulumi.log.info(f"the request for a backup stays for some minutes: {error}")


def failure(purpose: str, limit: float, seen: str, ending: str) -> str:
    """What happened, and what to do about each of the possible reasons."""
    return (
        f"{purpose}: no backup was confirmed within {limit:.0f} s (etcd:healthTimeoutSeconds). Last seen: {seen}.\n"
        "Why, the members say: journalctl -u etcd-backup (docs/backup.md). Where a database needs longer, set "
        "etcd:healthTimeoutSeconds higher.\n"
        "Members learn from a pulumi up that there are backups, and how to answer this request. Where none has ended "
        "well since backups were turned on, or since this program was updated, let one do so first that changes "
        "neither etcd:version nor etcd:size.\n"
        "Without etcd:backupBucket and the keys that belong to it, no backup is asked for.\n"
        f"{ending}"
    )
