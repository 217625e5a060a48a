"""A cluster with processes that write and watch while cases run, and one that observes the members all the time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd_clients import ensure_lifecycle_client
from testbed.agent import Agent, Process
from testbed.cluster import Cluster, wait_for
from tests.lifecycle.clientv3 import Clientv3Figures
from tests.lifecycle.figures import Case, Figures

ELECTION_TIMEOUT_MS = 1000
"""Milliseconds. A planned operation must stall writes for less than this."""


class Live(Cluster):
    """A running stack with its writer, its observer and, in each case, a client of ``clientv3``."""

    def __init__(self, cloud: LocalCloud, folder: Path, figures: Figures, stack: str, **config: Any) -> None:
        super().__init__(cloud, folder, stack, **config)
        self._figures = figures
        self._processes = ExitStack()
        self.bundle = folder / "bundle"

    def __enter__(self) -> Self:
        self._program = ensure_lifecycle_client()
        self.up()
        self.save_bundle(self.bundle)
        self.writer = self._processes.enter_context(
            Agent(self.cloud, "tests.lifecycle.writing", str(self.bundle), f"/{self.stack}", *self.names)
        )
        self.observer = self._processes.enter_context(
            Agent(self.cloud, "testbed.watching", self.cloud.layout.name, self.domain, str(self.bundle))
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.close()

    @contextmanager
    def case(
        self,
        name: str,
        *,
        planned: bool = True,
        clients_cut: bool = True,
        members: Iterable[str] | None = None,
        first: int | None = None,
    ) -> Generator[None]:
        """Run one operation. Assert that nothing is lost, never two members were down, and all are healthy.

        Members of an earlier program do not cut their clients' connections when etcd stops: with ``clients_cut`` false,
        the client of ``clientv3`` may wait for them, and lose its leases.

        ``members`` are those that should be up throughout; by default, all that are configured. ``first`` is the
        first number that is read back; by default, the first one that was not acknowledged before.
        """
        expected = list(self.names if members is None else members)
        self.observer.order("expect", names=expected)
        self.wait_up(*expected)
        with self._used(expected) as user:
            began = time.monotonic()
            yield
            seconds = time.monotonic() - began
            self.wait_up(*self.names)
            # The shortest operations end between two writes.
            written = self._wait_written()
            lacking: dict[str, list[int]] = self.writer.order("verify", first=first or written["first"])
            client = Clientv3Figures.of(user.order("report"), self._stood_still)
            seen = self.observer.order("report")
        case = Case(
            name=name,
            cluster=self.stack,
            acknowledged=written["acknowledged"],
            failed=written["failed"],
            retried=written["retried"],
            lost=len(set[int]().union(*lacking.values())),
            clusters=frozenset(seen["clusters"]),
            max_down=seen["max_down"],
            max_off=seen["max_off"],
            stall_ms=round(1000 * written["stall"]),
            own_stall_ms=round(1000 * written["own_stall"]),
            client=client,
            planned=planned,
            clients_cut=clients_cut,
            seconds=seconds,
        )
        self._figures.cases.append(case)
        assert case.lost == 0, lacking
        assert len(case.clusters) == 1
        assert case.max_down <= 1, seen["down_at"]
        assert case.max_off <= 1
        if planned:
            assert case.own_stall_ms < ELECTION_TIMEOUT_MS, case.line()
        if planned and clients_cut:
            assert client.own_stall_ms < ELECTION_TIMEOUT_MS, case.line()
            assert client.good, case.line()

    @contextmanager
    def _used(self, members: list[str]) -> Generator[Process]:
        """Mark the begin of a case, write until its end, and yield the case's client of ``clientv3``.

        Between cases clients would only take the processor's time.
        """
        command = [str(self._program), str(self.bundle), f"/clientv3/{self.stack}", *members]
        with Process(self.cloud, command) as user:
            self.observer.order("mark")
            user.order("mark")
            # On a busy machine the workers' connections take as long as a stall may last.
            self.writer.order("mark")
            self._wait_written()
            self.writer.order("mark")
            try:
                yield user
            finally:
                self.writer.order("rest")

    def _wait_written(self) -> dict[str, Any]:
        """Wait for an acknowledged write since the writer's mark, and return its report."""
        return wait_for(
            lambda: self.writer.order("report"), lambda seen: seen["acknowledged"] > 0, "acknowledged write"
        )

    def _stood_still(self, begin: float, end: float) -> float:
        return self.writer.order("stood_still", begin=begin, end=end)

    def read_all(self) -> None:
        """Read back everything ever written: a later operation may have lost an earlier write."""
        with self.case(f"{self.stack}: all that was ever written", first=1):
            self.wait_healthy()

    @contextmanager
    def broken(self, *names: str) -> Generator[None]:
        """Do not count these members as down by our doing until the end of the block: the test breaks them."""
        self.observer.order("excuse", names=list(names))
        yield
        self.wait_up(*names)
        self.observer.order("excuse", names=[])

    def assert_all_up(self) -> None:
        """Since the case began, no member was down but those that the test broke."""
        seen = self.observer.order("report")
        assert seen["max_down"] == 0, seen["down_at"]

    def wait_down(self, name: str) -> None:
        """Wait until the observer has seen that this member does not answer."""
        wait_for(
            lambda: self.observer.order("report")["up"], lambda up: name not in up, f"end of {name}'s answers"
        )

    def wait_up(self, *names: str) -> None:
        """Wait until the observer has seen these members answer as voters."""
        wait_for(lambda: self.observer.order("report")["up"], lambda up: set(names) <= set(up), f"{names} up")
