"""A backup before an irreversible change: requested from the members, and waited for until one confirms it.

The program reaches etcd, but not always the bucket. So the request and its confirmation are leases. A quorum agrees on
them, they expire by themselves, and they use no key and no revision. The members' part is
cloud-init/etcd_node/backup/due.py.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Protocol

from ..api.listing import ListingError
from ..config.naming import key_of
from ..config.settings import Settings
from ..etcd.admin import ChangeRefusedError
from ..run_log import log
from ..run_log.report import reported_wait
from ..shared.backups import REQUEST_LEASE, confirmation_lease

OUTLIVES_SECONDS = 60
"""Seconds by which a request outlives the program's wait for it, at the least."""
RANDOM_SECONDS = 600
"""A request lasts up to so many seconds longer. Its random length tells its confirmation from an earlier one."""
POLL_SECONDS = 1.0
"""Seconds between two questions for the confirmation."""
REPEAT_SECONDS = 15
"""Seconds between two log lines about progress."""


class BackupError(Exception):
    """No member confirmed a backup. The text has the last observation, and what to do."""


class Leases(Protocol):
    """A member's leases, as components/etcd/admin.py has them. All methods raise ``ChangeRefusedError``."""

    async def grant_lease(self, lease: int, seconds: int) -> None:
        """Create a lease that expires after so many seconds."""
        ...

    async def has_lease(self, lease: int) -> bool:
        """Whether the lease exists."""
        ...

    async def revoke_lease(self, lease: int) -> None:
        """Delete the lease, if it exists."""
        ...


class BackupRequests:
    """Requests at most one backup for each purpose in a run."""

    def __init__(self, settings: Settings, leases_of: Callable[[str], Awaitable[Leases]]) -> None:
        """``leases_of`` returns the leases of the member with a name."""
        self._settings = settings
        self._leases_of = leases_of
        self._done: set[str] = set()

    async def take(self, purpose: str, members: Sequence[str], *, ending: str) -> bool:
        """Let a member take a backup, and wait until it confirms it. Returns whether a backup was requested.

        Requests none where backups are off, nor a second one for the same ``purpose``. Asks ``members`` in turn. Raises
        ``BackupError`` after ``etcd:healthTimeoutSeconds``, with ``ending``, which says what the run has and has not
        done.
        """
        if not self._settings.backup_bucket or purpose in self._done:
            return False
        with reported_wait(f"{purpose}, a backup") as wait_for:
            await self._request(purpose, members, ending, wait_for)
        self._done.add(purpose)
        return True

    async def _request(
        self, purpose: str, members: Sequence[str], ending: str, wait_for: Callable[[str], None]
    ) -> None:
        limit = self._settings.health_timeout_seconds
        length = limit + OUTLIVES_SECONDS + secrets.randbelow(RANDOM_SECONDS)
        log.info(f"{purpose}: the members take a backup first")
        started = logged_at = monotonic()
        observed, requested = "no member was asked yet", False
        for member in itertools.cycle(members):
            now = monotonic()
            if now - started >= limit:
                await self._withdraw(member)
                raise BackupError(failure(purpose, limit, observed, ending))
            if now - logged_at >= REPEAT_SECONDS:
                log.info(
                    f"{purpose}: waiting for a backup, {now - started:.0f} of at most {limit} s; {observed}"
                )
                logged_at = now
            try:
                leases = await self._leases_of(member)
                if not requested:
                    # A killed run leaves its request, and etcd creates no lease twice.
                    await leases.revoke_lease(REQUEST_LEASE)
                    # An earlier run's request may have had this length, and its confirmation outlives it.
                    await leases.revoke_lease(confirmation_lease(length))
                    await leases.grant_lease(REQUEST_LEASE, length)
                    requested = True
                if await leases.has_lease(confirmation_lease(length)):
                    log.info(f"{purpose}: the backup is in the bucket")
                    return
                observed = "no member has confirmed one yet"
            except (ChangeRefusedError, ListingError) as error:
                observed = str(error)
            wait_for(observed)
            await asyncio.sleep(POLL_SECONDS)
        raise BackupError(failure(purpose, limit, "no member answers", ending))

    async def _withdraw(self, member: str) -> None:
        """Tell the members to stop trying. If that fails, the request expires by itself."""
        try:
            await (await self._leases_of(member)).revoke_lease(REQUEST_LEASE)
        except (ChangeRefusedError, ListingError) as error:
            log.info(f"the request for a backup could not be withdrawn, and expires within minutes: {error}")


def failure(purpose: str, limit: float, observed: str, ending: str) -> str:
    """The error's text: what happened, and what to do about each possible reason."""
    return (
        f"{purpose}: no backup was confirmed within {limit:.0f} s ({key_of('healthTimeoutSeconds')}). "
        f"Last observed: {observed}.\n"
        "The members log the reason: journalctl -u etcd-backup (docs/backup.md). If a large database needs longer, set "
        f"{key_of('healthTimeoutSeconds')} higher.\n"
        "A successful pulumi up tells the members to take backups and to answer this request. If none has succeeded "
        "since you turned backups on or updated this program, first run one that changes neither "
        f"{key_of('version')} nor {key_of('size')}.\n"
        f"Without {key_of('backupBucket')} and its keys, a run requests no backup.\n"
        f"{ending}"
    )
