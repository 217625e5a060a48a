"""A run of Pulumi that can be ended at any moment."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from testbed.cluster import UP_LIMIT, Cluster
from testbed.errors import TestbedError

STEP_EVENTS = ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent")
POLL = 0.01


@dataclass(frozen=True)
class Step:
    """The begin, end or failure of one engine operation on a resource."""

    event: str
    operation: str
    urn: str

    def __str__(self) -> str:
        moment = {"resourcePreEvent": "begins", "resOutputsEvent": "ends"}.get(self.event, "fails")
        kind, _, name = self.urn.rpartition("::")
        return f"{self.operation} of {kind.rpartition(':')[2]} {name} {moment}"


class Update:
    """One run, started at once, with the engine's event log."""

    started: ClassVar[list[Update]] = []
    """All runs of this process. What fails may leave its run behind."""

    def __init__(self, cluster: Cluster, *arguments: str, operation: str = "up", name: str = "run") -> None:
        """Start ``pulumi up``, or another operation. Runs at the same time need different names."""
        self._events = cluster.folder / f"{name}-events.json"
        self._events.unlink(missing_ok=True)
        self._read = 0
        self._steps: list[Step] = []
        self._output = cluster.folder / f"{name}-output.txt"
        self.began = time.monotonic()
        with self._output.open("wb") as output:
            self._command = cluster.cloud.begin(
                [
                    *("pulumi", operation, "--yes", "--skip-preview", "--non-interactive"),
                    *("--event-log", str(self._events), *arguments),
                ],
                cwd=cluster.folder,
                # The engine hides --event-log without it.
                env={"PULUMI_STACK": cluster.stack, "PULUMI_DEBUG_COMMANDS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.started.append(self)

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self._command.process.poll() is not None

    def steps(self) -> list[Step]:
        """The engine's operations so far on resources that change."""
        if self._events.exists():
            with self._events.open("rb") as file:
                file.seek(self._read)
                # The last line may be incomplete.
                whole, end, _ = file.read().rpartition(b"\n")
            self._read += len(whole + end)
            events = (json.loads(line) for line in whole.splitlines())
            self._steps += [step for event in events if (step := _step(event)) is not None]
        return [*self._steps]

    def reached(self, count: int) -> bool:
        """Wait for the step with this number, counted from 1; whether it came before the run ended."""
        while len(self.steps()) < count:
            if self.ended:
                return len(self.steps()) >= count
            time.sleep(POLL)
        return True

    def begun(self, operation: str, names: Collection[str]) -> set[str]:
        """Those of the names on whose resources an operation has begun."""
        urns = [
            step.urn
            for step in self.steps()
            if (step.event, step.operation) == ("resourcePreEvent", operation)
        ]
        return {name for name in names if any(urn.endswith(name) for urn in urns)}

    def begins_one_of(self, operation: str, names: Collection[str]) -> None:
        """Wait until an operation on a resource with one of these names begins.

        Raises ``TestbedError`` if the run ends before.
        """
        while not self.begun(operation, names):
            if self.ended:
                raise TestbedError(self.output())
            time.sleep(POLL)

    def kill(self) -> None:
        """Kill the engine and its plugins."""
        self._command.kill()

    def kill_program(self) -> None:
        """Kill the program and its language host, but not the engine. Raises ``TestbedError`` if neither runs."""
        if not self._command.kill_matching("language"):
            raise TestbedError(f"the run has no program at this moment: {self.output()}")

    def kill_providers(self) -> int:
        """Kill the plugins of providers that run at this moment, and return their number."""
        return self._command.kill_matching("resource-")

    @contextmanager
    def paused(self) -> Generator[None]:
        """Stop the engine by SIGSTOP for the length of a block."""
        self._command.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._command.process.send_signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """Send what Ctrl-C sends, without waiting for the end."""
        self._command.process.send_signal(signal.SIGINT)

    def interrupt(self) -> bool:
        """Send what Ctrl-C sends and wait for the end. Return whether the signal killed the engine.

        The signal kills it during the 0.1 s in which it holds its lock and has no signal handler yet.
        """
        self.ask_to_end()
        return self.wait() == -signal.SIGINT

    def wait(self, limit: float = UP_LIMIT) -> int:
        """The engine's exit status. Raises ``subprocess.TimeoutExpired`` after ``limit`` seconds."""
        return self._command.wait(limit)

    def finish(self) -> str:
        """Return the output of a run that must succeed. Raises ``TestbedError`` if it fails."""
        if self.wait() != 0:
            raise TestbedError(self.output())
        return self.output()

    def fail(self) -> str:
        """Return the output of a run that must fail. Raises ``TestbedError`` if it succeeds."""
        if self.wait() == 0:
            raise TestbedError(self.output())
        return self.output()

    def output(self) -> str:
        """What the run has printed so far."""
        return self._output.read_bytes().decode()


def killed_at(cluster: Cluster, operation: str, name: str, *arguments: str) -> Update:
    """A run whose engine was killed when an operation on a resource with this name began; its lock is removed."""
    update = Update(cluster, *arguments)
    update.begins_one_of(operation, {name})
    update.kill()
    cluster.pulumi("cancel", "--yes")
    return update


def _step(event: dict[str, Any]) -> Step | None:
    for kind in STEP_EVENTS:
        metadata = event.get(kind, {}).get("metadata")
        if metadata is not None and metadata["op"] not in ("same", "read", "refresh"):
            return Step(kind, metadata["op"], metadata["urn"])
    return None
