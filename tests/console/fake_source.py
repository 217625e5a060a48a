"""A source of tests: a cluster of three members that a test changes as it likes.

``python -m tests.console.fake_source --port 9070`` serves it, with a change every second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import socket
from collections.abc import AsyncGenerator
from typing import Any

from console.server.serving import serve
from console.server.source import ActionRefusedError
from console.view.actions import Action
from console.view.cloud import Backup, Cloud, Reach, Record, Request, Volume
from console.view.members import Certificate, Member, ShutdownBlock
from console.view.page import Page
from console.view.run import Line, Run, Step
from console.view.stack import Stack
from console.view.timeline import LeaderSpan, RunSpan, Span, Timeline, UpSpan, Writer, Writes
from console.view.tour import Tour, TourStep

NAMES = [f"etcd-server-{number}.example.test" for number in (1, 2, 3)]
BEGAN = 1_800_000_000.0
DAY = 86400.0


class FakeSource:
    """Yields the page at the first step, and again after each ``set``."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions: list[Action] = []
        self.refusal = ""
        """Why it refuses actions; empty if it does not."""
        self.following = 0
        """How many have begun to follow it and not ended."""
        self.begun = 0
        """How many have begun to follow it so far."""
        self._changed = asyncio.Event()

    async def pages(self) -> AsyncGenerator[Page]:
        self.following += 1
        self.begun += 1
        try:
            while True:
                self._changed.clear()
                yield self.page
                await self._changed.wait()
        finally:
            self.following -= 1

    async def act(self, action: Action) -> None:
        if self.refusal:
            raise ActionRefusedError(self.refusal)
        self.actions.append(action)

    def set(self, **sections: Any) -> None:
        """Change sections of the page."""
        self.page = self.page.model_copy(update=sections)
        self._changed.set()

    def set_member(self, number: int, **fields: Any) -> None:
        """Change a member."""
        members = [
            member.model_copy(update=fields) if member.number == number else member
            for member in self.page.members or []
        ]
        self.set(members=members)

    def request(self, path: str, *, method: str = "GET", status: int | None = 200) -> None:
        """Add a request to the cloud."""
        requests = self.page.requests or []
        number = requests[-1].number + 1 if requests else 1
        self.set(requests=[*requests, request(number, path, method=method, status=status)])


def request(number: int, path: str, *, method: str = "GET", status: int | None = 200) -> Request:
    """A request to the cloud."""
    return Request(
        number=number,
        time=BEGAN + number,
        service="digitalocean",
        method=method,
        path=path,
        status=status,
        who="operator from 10.0.0.1",
    )


def member(number: int, **fields: Any) -> Member:
    """A healthy member."""
    healthy = Member(
        name=NAMES[number - 1],
        number=number,
        droplet_id=1000 + number,
        power="active",
        public_address=f"203.0.113.{number}",
        private_address=f"10.10.0.{number}",
        record=f"203.0.113.{number}",
        role="leader" if number == 1 else "follower",
        waiting_for="",
        healthy=True,
        problem="",
        version="3.6.5",
        database_bytes=40 << 20,
        quota_bytes=2 << 30,
        certificates=[
            Certificate(purpose="server", ends=BEGAN + 365 * DAY),
            Certificate(purpose="ca", ends=BEGAN + 3650 * DAY),
        ],
        shutdown=ShutdownBlock(blocked=False, reason="All other members are healthy."),
        cut_off=False,
    )
    return healthy.model_copy(update=fields)


def healthy_page() -> Page:
    """A cluster after one rolling change."""
    return Page(
        stack=Stack(project="etcd", stack="local", region="fra1", local=True, cloud="test", problem=""),
        members=[member(1), member(2), member(3)],
        run=Run(
            id="1",
            command="up",
            began=BEGAN,
            ended=BEGAN + 90,
            outcome="succeeded",
            reason="",
            steps=[Step(member=name, gate="open", droplet="done") for name in NAMES],
            waiting_for="",
            waiting_since=None,
            lines=[Line(time=BEGAN + 1, severity="info", text="replacing etcd-server-1")],
        ),
        timeline=Timeline(
            began=BEGAN - 60,
            members=NAMES,
            runs=[RunSpan(id="1", command="up", began=BEGAN, ended=BEGAN + 90, outcome="succeeded")],
            up=[
                UpSpan(member=name, began=began, ended=ended)
                for at, name in enumerate(NAMES)
                for began, ended in ((BEGAN - 60, BEGAN + 30 * at), (BEGAN + 30 * at + 20, None))
            ],
            down=[
                Span(member=name, began=BEGAN + 30 * at, ended=BEGAN + 30 * at + 20, cause="run")
                for at, name in enumerate(NAMES)
            ],
            leaders=[LeaderSpan(member=NAMES[0], began=BEGAN - 60, ended=None)],
            writes=[Writes(second=BEGAN + at, acknowledged=100, failed=0) for at in range(5)],
            most_down=1,
        ),
        writer=Writer(running=False, per_second=0, acknowledged=500, failed=0, longest_stall=0.2, problem=""),
        cloud=Cloud(
            reach=[
                Reach(source="members", ports="2380", protocol="tcp", purpose="traffic between members"),
                Reach(source="203.0.113.0/24", ports="2379", protocol="tcp", purpose="client traffic"),
            ],
            reach_problem="",
            volumes_problem="",
            tags_problem="",
            records_problem="",
            volumes=[Volume(name=f"data-{at}", size_gib=1, member=NAMES[at - 1]) for at in (1, 2, 3)],
            tags=["etcd-etcd-local", "etcd-etcd-local-up"],
            records=[
                Record(name=name, address=f"203.0.113.{at}", answered=True)
                for at, name in enumerate(NAMES, start=1)
            ],
            backups=[
                Backup(name="snapshots/1.db", taken=BEGAN - 600, size_bytes=20480, member=NAMES[0]),
            ],
            backups_problem="",
            faults=[],
            dns_stopped=False,
        ),
        requests=[request(1, "/v2/droplets")],
        tour=Tour(
            steps=[
                TourStep(name=name, done=None, seen="")
                for name in ("writer", "change", "refused", "healed", "repaired")
            ]
        ),
    )


async def _live(source: FakeSource) -> None:
    """Send a request each second, and power a member off from time to time."""
    for second in itertools.count():
        await asyncio.sleep(1)
        source.request("/v2/droplets")
        if second % 10 == 4:
            source.set_member(2, power="off", role="stopped", healthy=False, problem="etcd-server-2 is off")
        elif second % 10 == 8:
            source.set_member(2, power="active", role="follower", healthy=True, problem="")


async def _serve(port: int) -> None:
    source = FakeSource(healthy_page())
    with socket.create_server(("127.0.0.1", port)) as listening:
        address = listening.getsockname()[1]
        print(f"http://127.0.0.1:{address}", flush=True)
        live = asyncio.create_task(_live(source))
        try:
            await serve(source, listening, address)
        finally:
            live.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args().port))
