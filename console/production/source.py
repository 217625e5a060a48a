"""The source of a real stack. It asks while a page is open, and changes nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from components.backups.stack_file import StackError
from components.etcd.health import unreachable
from components.etcd.own_address import local_address
from components.rollout.messages import needed_to_reach
from components.run_log.folder import run_folder
from console.history.observation import Observation
from console.history.recorder import TimelineRecorder
from console.production.account import Account
from console.production.backups import list_backups
from console.production.cloud import describe_cloud
from console.production.dns import resolve
from console.production.etcd import Etcd
from console.production.members import addresses_of, describe_members
from console.production.stack_facts import (
    StackFacts,
    explained,
    read_backend,
    read_facts,
    read_history,
)
from console.production.tls import context_of
from console.runs.history import Update
from console.runs.locks import Lock, read_locks
from console.runs.reader import RunReader, Runs
from console.server.source import ActionRefusedError
from console.view.actions import Action
from console.view.cloud import Backup
from console.view.members import Member
from console.view.page import Page
from console.view.run import Run
from console.view.stack import Stack

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at the runs."""
ETCD_SECONDS = 2.0
"""Seconds between two questions to each member."""
DNS_SECONDS = 30.0
BACKUP_SECONDS = 60.0
STACK_SECONDS = 300.0
"""Seconds after which the stack is read again. The end of a run is noticed at once."""
STACK_RETRY_SECONDS = 15.0
"""The same, while it cannot be read, or while DigitalOcean refuses the token."""
UNRECORDED = "It has ended. The history of the stack, which says how, is being read."
READ_ONLY = "This is a production stack: the console only shows it."


class ProductionSource:
    """One stack, as this machine can ask it."""

    def __init__(self, stack: str, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        """``folder`` is that of ``Pulumi.yaml``."""
        self._name = stack
        self._folder = folder
        self._environment = environment
        self._facts: StackFacts | None = None
        self._backend: Path | None = None
        self._backend_known = False
        self._context: ssl.SSLContext | None = None
        self._stack_problem = "The stack is being read."
        self._account = Account()
        self._etcd = Etcd()
        self._records: Mapping[str, str | None] | None = None
        self._backups: list[Backup] | None = None
        self._backups_problem = ""
        self._reader: RunReader | None = None
        self._history: list[Update] = []
        self._runs = Runs(None, [])
        self._unrecorded: Run | None = None
        """A run that has ended and that the history as it was read does not have."""
        self._timeline = TimelineRecorder()
        self._stack_asked = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the page now, and each time it has changed."""
        work: list[tuple[Callable[[], Awaitable[None]], Callable[[], float]]] = [
            (self._read_stack, lambda: 0.0),
            (self._ask_members, lambda: ETCD_SECONDS if self._facts else LOOK_SECONDS),
            (self._list_account, lambda: self._account.pause if self._facts else LOOK_SECONDS),
            (self._resolve, lambda: DNS_SECONDS if self._records is not None else LOOK_SECONDS),
            (self._list_backups, lambda: BACKUP_SECONDS if self._facts else LOOK_SECONDS),
        ]
        tasks = [asyncio.create_task(_repeat(act, pause)) for act, pause in work]
        last: Page | None = None
        try:
            while True:
                self._look_at_runs()
                page = self._page()
                if page != last:
                    yield page
                    last = page
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # The next page begins with what is true then.
            self._account = Account()
            self._etcd = Etcd()

    async def act(self, action: Action) -> None:
        """Refuse it."""
        raise ActionRefusedError(READ_ONLY)

    async def _read_stack(self) -> None:
        self._stack_asked.clear()
        with suppress(StackError):
            # It is read although a setting may be wrong.
            self._history = await asyncio.to_thread(read_history, self._name, self._folder)
            self._unrecorded = None
        try:
            facts = await asyncio.to_thread(read_facts, self._name, self._folder, self._environment)
            if not self._backend_known:
                self._backend = await asyncio.to_thread(read_backend, self._folder)
                self._backend_known = True
            if self._facts is None or facts.texts != self._facts.texts:
                self._context = None if facts.texts is None else context_of(facts.texts)
        except (StackError, ValueError, ssl.SSLError) as error:
            self._stack_problem = explained(StackError(str(error)))
        else:
            self._facts = facts
            self._stack_problem = _missing_cluster(facts)
            if self._reader is None:
                self._open_reader(facts)
        wrong = bool(self._stack_problem) or self._account.refused
        with suppress(TimeoutError):
            async with asyncio.timeout(STACK_RETRY_SECONDS if wrong else STACK_SECONDS):
                await self._stack_asked.wait()

    def _open_reader(self, facts: StackFacts) -> None:
        reader = RunReader(run_folder(facts.project, facts.stack, self._environment))
        try:
            reader.open()
        except OSError as error:
            log.warning("runs are shown by the history alone: %s", error)
            return
        self._reader = reader

    def _look_at_runs(self) -> None:
        if self._reader is None or self._facts is None:
            return
        before = self._runs.last
        runs = self._reader.read(self._history, self._locks(self._facts))
        if before is not None and before.outcome == "running" and not _goes_on(before, runs):
            # It has changed outputs and history.
            self._unrecorded = before.model_copy(
                update={"outcome": "interrupted", "ended": time.time(), "reason": UNRECORDED}
            )
            self._stack_asked.set()
        last = runs.last
        if self._unrecorded is not None and (last is None or last.began < self._unrecorded.began):
            # Nothing but its lock was known of it.
            last = self._unrecorded
        self._runs = Runs(last, runs.spans)
        self._account.expect_changes(last is not None and last.outcome == "running")

    def _locks(self, facts: StackFacts) -> list[Lock] | None:
        return None if self._backend is None else read_locks(self._backend, facts.project, facts.stack)

    async def _ask_members(self) -> None:
        facts = self._facts
        if facts is None or self._context is None or _expired(facts):
            self._etcd = Etcd()
            return
        addresses = addresses_of(facts.addresses, self._account.droplets, facts.settings.addresses)
        await self._etcd.ask(facts.names, addresses, self._context)

    async def _list_account(self) -> None:
        if (facts := self._facts) is None:
            return
        was_refused = self._account.refused
        await self._account.list_next(facts.digitalocean, facts.cluster, facts.settings.region)
        if self._account.refused and not was_refused:
            self._stack_asked.set()

    async def _resolve(self) -> None:
        if (facts := self._facts) is None:
            return
        self._records = await resolve(facts.names) if facts.settings.has_records else {}

    async def _list_backups(self) -> None:
        if (facts := self._facts) is None:
            return
        self._backups, self._backups_problem = await list_backups(facts.settings, facts.cluster)

    def _page(self) -> Page:
        facts = self._facts
        members: list[Member] | None = None
        if facts is not None and facts.texts is not None:
            members = describe_members(facts.names, self._account.droplets, self._etcd, self._records or {})
        return Page(
            stack=Stack(
                project=facts.project if facts else "",
                stack=self._name,
                region=facts.settings.region if facts else None,
                local=False,
                cloud="",
                problem="\n".join(filter(None, self._problems())),
            ),
            members=members,
            run=self._runs.last,
            timeline=self._timeline.observe(
                Observation(time.time(), members, self._runs.last, self._runs.spans)
            ),
            writer=None,
            cloud=describe_cloud(
                facts.cluster if facts else "",
                self._account,
                self._records,
                self._backups,
                self._backups_problem,
            ),
            requests=None,
            tour=None,
        )

    def _problems(self) -> list[str]:
        facts = self._facts
        found = [self._stack_problem, self._account.problem if facts else ""]
        if facts is None or facts.texts is None:
            return found
        if _expired(facts):
            found.append(
                f"The certificate of this console ended at {facts.texts.valid_until:%Y-%m-%d %H:%M} UTC, so members "
                "are not asked. pulumi up issues a new one: docs/lifecycle.md, Renewal."
            )
        elif unreachable(self._etcd.observations):
            addresses = addresses_of(facts.addresses, self._account.droplets, facts.settings.addresses)
            own = next((own for one in addresses.values() if (own := local_address(one))), "")
            found.append(needed_to_reach(facts.settings, len(facts.names), own))
        return found


def _missing_cluster(facts: StackFacts) -> str:
    if facts.texts is not None:
        return ""
    return f"Stack {facts.stack} has no cluster yet: run pulumi up."


def _goes_on(run: Run, runs: Runs) -> bool:
    """Whether a run goes on. One of which only its lock was known may have begun to write itself."""
    return runs.last is not None and runs.last.began >= run.began and runs.last.outcome == "running"


def _expired(facts: StackFacts) -> bool:
    return facts.texts is not None and facts.texts.valid_until < datetime.now(UTC)


async def _repeat(act: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> None:
    """Do it again and again. An error of the console itself is logged, and does not end it."""
    while True:
        try:
            await act()
        except Exception:
            log.exception("the console failed, and goes on")
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(pause())
