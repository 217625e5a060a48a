"""The source of a real stack. It asks while a page is open, and changes nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from components.backups.stack_file import StackError
from components.etcd.health import unreachable
from components.etcd.own_address import local_address
from components.rollout.messages import needed_to_reach
from components.run_log.folder import run_folder
from console.history.observation import Observation
from console.history.recorder import TimelineRecorder
from console.production.account import NOT_ASKED, Account
from console.production.backups import list_backups
from console.production.cloud import describe_cloud
from console.production.dns import resolve
from console.production.doubts import (
    Replacements,
    changes_droplets,
    comparable_records,
    find_doubts,
    lately_silent,
)
from console.production.ending_run import EndingRun
from console.production.etcd import Etcd
from console.production.expired import expiry_advice, own_certificate_ended
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
from console.view.stack import Stack

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at the runs."""
ETCD_SECONDS = 2.0
"""Seconds between two questions to each member."""
DNS_SECONDS = 30.0
"""Seconds between two look-ups of the members' records, while no run changes droplets."""
BACKUP_SECONDS = 60.0
"""Seconds between two listings of the backups."""
STACK_SECONDS = 300.0
"""Seconds after which the stack is read again. The end of a run is noticed at once."""
STACK_RETRY_SECONDS = 15.0
"""The same, while it cannot be read, or while DigitalOcean refuses the token."""
NO_CERTIFICATE = "it is not asked: the first run writes the certificate for that at its end"
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
        self._replacements = Replacements()
        self._records: Mapping[str, str | None] | None = None
        self._resolved_at = self._records_changed_at = 0.0
        self._backups: list[Backup] | None = None
        self._backups_problem = ""
        self._reader: RunReader | None = None
        self._history: list[Update] = []
        self._runs = Runs(None, [])
        self._ending = EndingRun()
        """A run that has ended and that the history as it was read does not have."""
        self._timeline = TimelineRecorder()
        self._stack_asked = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the page now, and each time it has changed."""
        work: list[tuple[Callable[[], Awaitable[None]], Callable[[], float]]] = [
            (self._read_stack, lambda: 0.0),
            (self._ask_members, lambda: ETCD_SECONDS if self._facts else LOOK_SECONDS),
            (self._list_account, lambda: self._account.pause if self._facts else LOOK_SECONDS),
            (self._resolve, self._dns_pause),
            (self._list_backups, self._backup_pause),
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
            self._etcd.forget()
            self._records, self._resolved_at, self._records_changed_at = None, 0.0, 0.0
            self._backups, self._backups_problem = None, ""

    async def act(self, action: Action) -> None:
        """Refuse it."""
        raise ActionRefusedError(READ_ONLY)

    async def _read_stack(self) -> None:
        self._stack_asked.clear()
        self._ending.reading_begins()
        try:
            # It is read although a setting may be wrong.
            self._history = await asyncio.to_thread(read_history, self._name, self._folder)
            self._ending.history_is_read()
        except StackError:
            self._ending.history_is_unreadable()
        try:
            facts = await asyncio.to_thread(read_facts, self._name, self._folder, self._environment)
            if not self._backend_known:
                self._backend = await asyncio.to_thread(read_backend, self._folder)
                self._backend_known = True
            if self._facts is None or facts.texts != self._facts.texts:
                self._context = None if facts.texts is None else context_of(facts.texts)
        except (StackError, ValueError, ssl.SSLError) as error:
            self._stack_problem = explained(StackError(str(error)), self._environment)
        else:
            self._facts = facts
            self._stack_problem = ""
            if self._reader is None:
                self._open_reader(facts)
        wrong = (
            bool(self._stack_problem)
            or self._facts is None
            or self._facts.texts is None
            or self._account.refused
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(STACK_RETRY_SECONDS if wrong else STACK_SECONDS):
                await self._stack_asked.wait()

    def _open_reader(self, facts: StackFacts) -> None:
        self._reader = RunReader(run_folder(facts.project, facts.stack, self._environment))

    def _look_at_runs(self) -> None:
        if self._reader is None or self._facts is None:
            return
        runs = self._reader.read(self._history, self._locks(self._facts))
        if self._ending.look(runs):
            # It has changed outputs and history.
            self._stack_asked.set()
            self._account.list_all_again()
            self._resolved_at = 0.0
        self._runs = self._ending.added_to(runs)
        last, now = self._runs.last, time.time()
        self._replacements.look(last, now)
        self._account.expect_changes(changes_droplets(last) or lately_silent(self._etcd, now))

    def _locks(self, facts: StackFacts) -> list[Lock] | None:
        return None if self._backend is None else read_locks(self._backend, facts.project, facts.stack)

    async def _ask_members(self) -> None:
        facts = self._facts
        if facts is None or self._context is None or own_certificate_ended(facts, time.time()):
            self._etcd.forget()
            return
        self._etcd.ask(facts.names, self._addresses(facts), self._context)

    def _addresses(self, facts: StackFacts) -> dict[str, str]:
        account = self._account
        # A run that has ended since the last good listing knows better.
        old = bool(account.problem) and account.listed_at.get("droplets", 0.0) < facts.read_at
        return addresses_of(facts.addresses, None if old else account.droplets, facts.settings.addresses)

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
        asked = time.time()
        records = await resolve(facts.names) if facts.settings.has_records else {}
        if records != self._records:
            self._records_changed_at = asked
        self._records, self._resolved_at = records, asked

    def _dns_pause(self) -> float:
        """Seconds until the next question: few when droplets have changed, or when a run is about to set records."""
        if self._records is None or self._resolved_at < max(self._account.changed_at, 1.0):
            return LOOK_SECONDS
        return ETCD_SECONDS if changes_droplets(self._runs.last) else DNS_SECONDS

    def _backup_pause(self) -> float:
        """Seconds until the next listing: few until the stack is read, and they are listed for the first time."""
        return LOOK_SECONDS if self._backups is None and not self._backups_problem else BACKUP_SECONDS

    async def _list_backups(self) -> None:
        if (facts := self._facts) is None:
            return
        self._backups, self._backups_problem = await list_backups(facts.settings, facts.cluster)

    def _page(self) -> Page:
        facts = self._facts
        members = None if facts is None else self._members(facts)
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
                Observation(time.time(), members, self._runs.last, self._runs.spans, since=self._etcd.since)
            ),
            writer=None,
            cloud=describe_cloud(
                facts.cluster if facts else "",
                self._account,
                self._records,
                NOT_ASKED if self._records is None else "",
                backups=self._backups,
                backups_problem=self._backups_problem or (NOT_ASKED if self._backups is None else ""),
            ),
            requests=None,
            tour=None,
        )

    def _members(self, facts: StackFacts) -> list[Member]:
        """All members. None if the stack has no cluster, and nothing that a run has left or creates."""
        account = self._account
        if facts.texts is None and not (account.droplets or self._runs_now("up")):
            return []
        unasked = ""
        if facts.texts is None:
            unasked = NO_CERTIFICATE
        elif own_certificate_ended(facts, time.time()):
            unasked = "it is not asked: the certificate of this console has ended"
        doubts = find_doubts(facts, account, self._etcd, self._replacements, unasked=unasked, now=time.time())
        members = describe_members(facts.names, account.droplets, self._etcd, {}, doubts)
        records = comparable_records(
            self._records or {},
            resolved_at=self._resolved_at,
            records_changed_at=self._records_changed_at,
            account=account,
            known={one.name: (one.public_address, one.private_address) for one in members},
            running=self._runs.last is not None and self._runs.last.outcome == "running",
        )
        return [one.model_copy(update={"record": records.get(one.name)}) for one in members]

    def _runs_now(self, command: str) -> bool:
        run = self._runs.last
        return run is not None and run.outcome == "running" and run.command == command

    def _problems(self) -> list[str]:
        facts = self._facts
        if facts is None:
            return [self._stack_problem]
        found = [self._stack_problem, self._account.problem, self._reader.problem if self._reader else ""]
        if facts.texts is None:
            return [*found, self._missing_cluster(facts)]
        if advice := expiry_advice(facts, self._etcd, time.time()):
            found.append(advice)
        elif not self._runs_now("destroy") and unreachable(self._etcd.observations):
            own = next((own for one in self._addresses(facts).values() if (own := local_address(one))), "")
            found.append(needed_to_reach(facts.settings, len(facts.names), own))
        return found

    def _missing_cluster(self, facts: StackFacts) -> str:
        if self._runs_now("up"):
            return f"Stack {facts.stack} has no cluster yet: the run creates it."
        if self._account.droplets:
            return f"No run of stack {facts.stack} has created the whole cluster: run pulumi up."
        return f"Stack {facts.stack} has no cluster: pulumi up creates one."


async def _repeat(act: Callable[[], Awaitable[None]], pause: Callable[[], float]) -> None:
    """Do it again and again. An error of the console itself is logged, and does not end it."""
    while True:
        try:
            await act()
        except Exception:
            log.exception("the console failed, and goes on")
            await asyncio.sleep(LOOK_SECONDS)
        acted = time.monotonic()
        # The pause may become shorter meanwhile.
        while (left := acted + pause() - time.monotonic()) > 0:
            await asyncio.sleep(min(left, LOOK_SECONDS))
