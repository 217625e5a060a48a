"""The cluster of one schedule, with what works beside it: clients, an observer, faults and the operator's runs."""

from __future__ import annotations

import subprocess
import time
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from campaign.history.problem import Problem
from campaign.machines.clients import Clients
from campaign.machines.event_log import EventLog
from campaign.machines.runs import Runs
from campaign.machines.shutdowns import SLACK, Observation, Span
from campaign.machines.stack import QUICK, CampaignStack
from campaign.schedule.documents import Schedule
from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from testbed.agent import Agent
from testbed.cluster import Cluster
from testbed.errors import TestbedError

PREFIX = "/campaign/"

REBOOT_SECONDS = 45.0
"""Seconds after the request of a reboot, in which a machine may go off. It may block that for half a minute."""

BROKEN = (LocalCloudError, OSError, TestbedError, subprocess.SubprocessError)
"""Errors of a command on a cluster that is broken: they prove nothing about the program."""


class Life:
    """A cluster from its creation to its end. Everything about it is in ``folder``."""

    def __init__(
        self, cloud: LocalCloud, folder: Path, schedule: Schedule, log: EventLog, program: Path
    ) -> None:
        self.folder = folder
        self.log = log
        self.prefix = PREFIX
        project = folder / "project"
        project.mkdir()
        self.stack = CampaignStack(cloud, project, schedule.start, PREFIX, program)
        self.runs = Runs(self.stack, log)
        self.history = folder / "history.jsonl"
        self.problems: list[Problem] = []
        self.others: list[Cluster] = []
        """Further stacks, which end with this one."""
        self.machines_off: list[tuple[str, Span]] = []
        """The members and times in which a fault may have switched a machine off."""
        self.all_down: list[Span] = []
        """The times in which the operator asked for a change all at once, or for the end of the cluster."""
        self.disturbed: list[Span] = []
        """The times in which faults may keep members from answering."""
        self._seed = schedule.seed
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        """Create the cluster, and begin to use and observe it. Raises ``TestbedError`` if it is not created."""
        self.stack.up()
        self.log.note(f"{self.stack.size} members are created")
        self.stack.save_files()
        self.stack.configure(**QUICK)
        self._observer = self._exits.enter_context(
            Agent(
                self.stack.cloud,
                "testbed.watching",
                self.stack.cloud.layout.name,
                self.stack.domain,
                str(self.stack.bundle),
            )
        )
        self.expect(self.stack.names)
        self.clients = self._exits.enter_context(
            Clients.inside(
                self.stack.cloud,
                self.stack.bundle,
                self.history,
                prefix=self.prefix,
                seed=zlib.crc32(self._seed.encode()),
                members=self.stack.names,
            )
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def expect(self, names: Iterable[str]) -> None:
        """Tell the observer which members should be up from now on."""
        self._observer.order("expect", names=list(names))

    def observations(self) -> list[Observation]:
        """What the observer has seen."""
        return [
            Observation(at, frozenset(expected), frozenset(answering), frozenset(running))
            for at, expected, answering, running in self._observer.order("changes")
        ]

    def clusters(self) -> list[str]:
        """The ids of all clusters that members said they were in."""
        return self._observer.order("report")["clusters"]

    def members_up(self) -> list[str]:
        """The members that the observer sees answer as voters."""
        return self._observer.order("report")["up"]

    def droplet_names(self) -> Sequence[str]:
        """Pulumi's names of the members' droplets, as URNs end with them."""
        return [f"Droplet::etcd-etcd-{self.stack.stack}-{number}" for number in range(1, self.stack.size + 1)]

    @contextmanager
    def may_take_all_down(self) -> Generator[None]:
        """Excuse all members that go off during the block."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.all_down.append(Span(begin, time.monotonic() + SLACK))

    @contextmanager
    def switches_off(self, member: str) -> Generator[None]:
        """Excuse a member whose machine a fault switches off during the block."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.machines_off.append((member, Span(begin - SLACK, time.monotonic() + REBOOT_SECONDS)))

    def wait_up(self, names: Iterable[str], seconds: float) -> bool:
        """Wait until the observer sees these members answer as voters. Returns whether that came in time."""
        deadline = time.monotonic() + seconds
        while not set(names) <= set(self.members_up()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    def save_files(self) -> None:
        """Save the clients' files after a run, which may have issued others."""
        try:
            self.stack.save_files()
        except BROKEN as error:
            self.log.note(f"the clients' files stay as they are: {str(error).strip()[-200:]}")
