"""The source of a local cloud's stack."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from components.config.settings import cluster_name
from console.history.elections import Elections
from console.history.observation import Observation
from console.history.recorder import TimelineRecorder
from console.history.tour import TourWatch
from console.local.actions import TAKING_DOWN, CloudAction, act
from console.local.backups import Backups, read_backups
from console.local.cloud_state import CloudState, read_cloud, shown_cloud
from console.local.control import Control, ControlError
from console.local.kept_tour import KeptTour
from console.local.machine_facts import MachineFiles
from console.local.member_watch import MemberWatch
from console.local.members import Known, shown_members
from console.local.request_log import RequestLog
from console.local.stack_members import StackMembers
from console.local.stack_runs import StackRuns
from console.local.writer import WriterTask
from console.local.writer_certificate import writer_texts
from console.server.source import ActionRefusedError
from console.view.actions import Action, MemberAction, WriterAction
from console.view.members import Member
from console.view.page import Page
from console.view.stack import Stack as StackView
from console.view.timeline import Writer
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine
from localcloud.machines.name_server import NameServer
from localcloud.machines.stack import Stack

log = logging.getLogger(__name__)

PERIOD_SECONDS = 1.0
"""Seconds between two pages at the most."""
OFFSET_SECONDS = 0.3
"""Seconds after each whole second in which a page is made. The members are asked at whole seconds."""
SHORTEST_SECONDS = 0.25
"""Seconds between two pages at the least, whatever happens."""
FIRST_SECONDS = 2.0
"""Seconds that the first page may take."""
RETRY_SECONDS = 1.0
"""Seconds after which the state or the list of backups is read again, if that failed."""
MEMBERS_AT_ONCE = 16
"""The most members that are asked at one moment."""
BACKUP_SECONDS = 30.0
"""Seconds between two listings of the backups."""
WINDOW_SECONDS = 900.0
"""Seconds that the time line has. It is sent once a second while the writer writes."""
NOT_RUNNING = "The local cloud does not answer. Start it: make up"
NOBODY_WATCHES = "It was stopped, because no page was open any more."
CONSOLE_FAILED = "It was stopped, because the console failed and began again. Its log says why."
NOT_WATCHING = (
    "the console does not watch the cluster at this moment, and would not stop the writer: try again"
)
NO_CLUSTER = "This stack has no cluster. Create one, in a terminal in this checkout: make up"


class LocalSource:
    """One stack in a local cloud. This process is inside the local cloud's network."""

    def __init__(self, layout: Layout, stack: Stack) -> None:
        self._layout = layout
        self._stack = stack
        self._cluster = cluster_name(stack.project, stack.name)
        self._control = Control(layout)
        self._names = NameServer(layout)
        self._members = StackMembers(stack)
        self._runs = StackRuns(stack)
        self._recorder = TimelineRecorder(WINDOW_SECONDS)
        self._kept_tour = KeptTour(self._runs.folder)
        self._tour = TourWatch(self._kept_tour.read())
        self._requests = RequestLog()
        self._elections = Elections()
        self._state: CloudState | None = None
        self._problem = ""
        self._backups = Backups()
        self._watches: dict[int, tuple[MemberWatch, asyncio.Task[None]]] = {}
        self._writer: WriterTask | None = None
        self._starting = asyncio.Lock()
        """Held while the writer is started or stopped."""
        self._watching = False
        """Whether pages are yielded. Their end stops the writer."""
        self._disturbed: dict[str, float] = {}
        """When the page last took a member down."""
        self._changed = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        """Yield the page once a second, and soon after the cloud has changed."""
        with suppress(OSError):
            # A reading that cannot make it says so.
            self._runs.open()
        self._watching, ended = True, NOBODY_WATCHES
        threads = ThreadPoolExecutor(max_workers=MEMBERS_AT_ONCE, thread_name_prefix="member")
        tasks = [asyncio.create_task(self._follow_cloud()), asyncio.create_task(self._follow_backups())]
        try:
            await self._first_look(threads)
            while True:
                self._changed.clear()
                self._follow_members(threads)
                yield self._page()
                self._raise_failure(tasks)
                await self._pause()
        except Exception:
            ended = CONSOLE_FAILED
            raise
        finally:
            await self._end(tasks, ended)
            # A member that does not answer would hold this up.
            threads.shutdown(wait=False)

    async def act(self, action: Action) -> None:
        """Do what the page asks for. Raises ``ActionRefusedError``."""
        if isinstance(action, WriterAction):
            await (self._start_writer() if action.kind == "start-writer" else self._stop_writer())
        else:
            await self._act(action)
        self._changed.set()

    async def _act(self, action: CloudAction) -> None:
        droplet = await self._droplet(action)
        before = dict(self._disturbed)
        if isinstance(action, MemberAction) and action.kind in TAKING_DOWN:
            # At the beginning: a wipe takes the member down before it answers.
            self._disturbed[action.member] = time.time()
        try:
            await act(self._control, action, droplet)
        except ActionRefusedError:
            self._disturbed = before
            raise

    async def _droplet(self, action: CloudAction) -> int | None:
        if not isinstance(action, MemberAction):
            return None
        try:
            droplets = (await read_cloud(self._control)).members(self._cluster)
        except ControlError as error:
            raise ActionRefusedError(str(error)) from error
        return droplets[action.member]["id"] if action.member in droplets else None

    async def _start_writer(self) -> None:
        async with self._starting:
            if self._writer is not None and self._writer.running:
                raise ActionRefusedError("the writer runs already")
            try:
                texts = await asyncio.to_thread(writer_texts, self._stack)
            except LocalCloudError as error:
                raise ActionRefusedError(str(error)) from error
            if not self._watching:
                raise ActionRefusedError(NOT_WATCHING)
            self._writer = WriterTask(texts, self._addresses)

    async def _stop_writer(self) -> None:
        async with self._starting:
            if self._writer is not None:
                await self._writer.stop()

    def _addresses(self) -> Mapping[str, str]:
        """The addresses of the members whose droplets are on."""
        return {watch.name: watch.address for watch, _ in self._watches.values()}

    async def _follow_cloud(self) -> None:
        """Wait for changes of the cloud, and read what has changed, at most so often that pages show it."""
        version = state = 0
        while True:
            try:
                changes = await self._control.changes(version, self._requests.after)
                self._requests.add(changes["requests"])
                if changes["state"] != state:
                    self._state = await read_cloud(self._control)
                version, state, self._problem = changes["version"], changes["state"], ""
            except ControlError as error:
                log.info("%s", error)
                self._state, self._problem = None, NOT_RUNNING
                version = state = 0
                await asyncio.sleep(RETRY_SECONDS)
            self._changed.set()
            await asyncio.sleep(SHORTEST_SECONDS)

    async def _follow_backups(self) -> None:
        while True:
            roots = [watch.root for watch, _ in self._watches.values()]
            self._backups = await asyncio.to_thread(read_backups, roots)
            await asyncio.sleep(BACKUP_SECONDS if self._backups.listed is not None else RETRY_SECONDS)

    def _follow_members(self, threads: ThreadPoolExecutor) -> None:
        """Watch exactly the members whose droplets are on."""
        droplets = self._state.members(self._cluster) if self._state else {}
        on = {one["id"]: one for one in droplets.values() if one["status"] == "active"}
        for droplet in self._watches.keys() - on.keys():
            self._watches.pop(droplet)[1].cancel()
        for droplet in on.keys() - self._watches.keys():
            public = next(one for one in on[droplet]["networks"]["v4"] if one["type"] == "public")
            files = MachineFiles(NspawnMachine(droplet, self._layout))
            watch = MemberWatch(on[droplet]["name"], public["ip_address"], files, threads)
            self._watches[droplet] = watch, asyncio.create_task(watch.run())

    def _page(self) -> Page:
        now = time.time()
        names = self._members.names(self._state.members(self._cluster) if self._state else ())
        answers = self._names.answers()
        members = self._shown_members(names, answers, now)
        runs = self._runs.read()
        seen = Observation(
            now,
            members,
            runs.last,
            runs.spans,
            self._shown_writer(now),
            self._writer.counts.writes(now) if self._writer and self._writer.running else (),
            dict(self._disturbed),
        )
        timeline = self._recorder.observe(seen)
        tour = self._tour.observe(seen, timeline)
        self._kept_tour.keep(tour)
        return Page(
            stack=self._shown_stack(names),
            members=members,
            run=runs.last,
            timeline=timeline,
            writer=seen.writer,
            cloud=shown_cloud(self._state, self._cluster, names, answers, self._backups),
            requests=self._requests.requests,
            tour=tour,
        )

    def _shown_members(
        self, names: list[str], answers: Mapping[str, tuple[str, ...]], now: float
    ) -> list[Member] | None:
        if self._state is None:
            return None
        watches = [watch for watch, _ in self._watches.values()]
        known = Known(
            self._state,
            self._cluster,
            {watch.name: watch.answer for watch in watches if watch.answer},
            {watch.name: watch.inside for watch in watches if watch.inside},
            None if self._state.name_server_paused or not self._names.running() else answers,
            self._elections.doubts({one.name: one.answer.observation for one in watches if one.answer}, now),
        )
        return shown_members(names, known)

    def _shown_writer(self, now: float) -> Writer:
        if self._writer is None:
            return Writer(running=False, per_second=0, acknowledged=0, failed=0, longest_stall=0, problem="")
        return self._writer.counts.shown(now, running=self._writer.running)

    def _shown_stack(self, names: list[str]) -> StackView:
        regions = [one["region"]["slug"] for one in (self._state.droplets if self._state else ())]
        missing = "" if names or self._state is None else NO_CLUSTER
        problem = self._problem or "\n".join(filter(None, (missing, self._runs.problem)))
        return StackView(
            project=self._stack.project,
            stack=self._stack.name,
            region=next(iter(regions), None),
            local=True,
            cloud=self._layout.name,
            problem=problem,
        )

    async def _first_look(self, threads: ThreadPoolExecutor) -> None:
        """Wait a moment, so that the first page has all that can be known."""
        deadline = time.monotonic() + FIRST_SECONDS
        while time.monotonic() < deadline:
            self._follow_members(threads)
            asked = all(watch.answer for watch, _ in self._watches.values())
            if self._problem or (self._state is not None and asked):
                return
            await asyncio.sleep(FIRST_SECONDS / 40)

    async def _pause(self) -> None:
        began = time.monotonic()
        until_next = PERIOD_SECONDS - (asyncio.get_running_loop().time() - OFFSET_SECONDS) % PERIOD_SECONDS
        try:
            async with asyncio.timeout(until_next):
                await self._changed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(max(0.0, began + SHORTEST_SECONDS - time.monotonic()))

    def _raise_failure(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in [*tasks, *(task for _, task in self._watches.values())]:
            if task.done():
                task.result()

    async def _end(self, tasks: list[asyncio.Task[None]], why: str) -> None:
        # A start of the writer that goes on sees it, and starts none.
        self._watching = False
        ending = [*tasks, *(task for _, task in self._watches.values())]
        self._watches.clear()
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._writer is not None and self._writer.running:
            self._writer.counts.stopped = why
            await self._writer.stop()
