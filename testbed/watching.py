"""``python -m testbed.watching CLOUD DOMAIN BUNDLE``: observes the members until it is ended."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.machines.layout import Layout
from localcloud.machines.machine import Facts, NspawnMachine, known_machines
from testbed.etcd_client import Bundle, Connection, NoAnswer
from testbed.orders import obey
from testbed.outages import Change, Outages

PAUSE = 0.15
"""Seconds between two observations."""
TIMEOUT = 2.0
"""Seconds without an answer after which a member counts as down. A busy machine answers sooner."""


class ObservedMachine:
    """One machine, asked by a thread of its own while it exists."""

    def __init__(self, machine: NspawnMachine, facts: Facts, bundle: Bundle, outages: Outages) -> None:
        self.machine = machine
        self.name = facts.name
        self.answering = False
        """Whether its etcd answers and votes."""
        self.gone = False
        self._connect = partial(
            Connection, self.name, bundle, address=facts.addresses[0].partition("/")[0], timeout=TIMEOUT
        )
        self._connection = self._connect()
        self._outages = outages
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while not self.gone:
            self.answering = self._answers()
            time.sleep(PAUSE)
        self._connection.close()

    def _answers(self) -> bool:
        for _ in range(2):
            fresh = not self._connection.is_open
            try:
                return self._votes(self._connection)
            except NoAnswer:
                if fresh:
                    return False
                # A persistent connection may belong to an etcd that has restarted meanwhile.
        return False

    def answers_after_all(self) -> bool:
        """Whether it answers and votes now, on a new connection."""
        connection = self._connect()
        try:
            return self._votes(connection)
        except NoAnswer:
            return False
        finally:
            connection.close()

    def _votes(self, connection: Connection) -> bool:
        status = connection.status()
        with self._outages.lock:
            self._outages.clusters.add(str(status.header.cluster_id))
        return not status.is_learner


class Watching:
    """All machines of one domain."""

    def __init__(self, cloud: str, domain: str, bundle: Path) -> None:
        self._layout = Layout(cloud)
        self._suffix = f".{domain}"
        self._bundle = Bundle(bundle)
        self._outages = Outages()
        self._machines: dict[int, ObservedMachine] = {}

    def run(self) -> None:
        """Observe in the background, and obey orders."""
        threading.Thread(target=self._watch, daemon=True).start()
        obey(
            {
                "expect": self._expect,
                "excuse": self._excuse,
                "mark": self._outages.mark,
                "report": self._report,
                "changes": self._changes,
            }
        )

    def _watch(self) -> None:
        while True:
            machines = {machine.id: machine for machine in known_machines(self._layout)}
            for machine_id in self._machines.keys() - machines.keys():
                self._machines.pop(machine_id).gone = True
            for machine_id in machines.keys() - self._machines.keys():
                # A machine that is being created or deleted has no facts.
                with suppress(FileNotFoundError):
                    facts = machines[machine_id].facts()
                    if facts.name.endswith(self._suffix):
                        self._machines[machine_id] = ObservedMachine(
                            machines[machine_id], facts, self._bundle, self._outages
                        )
            running = [one for one in self._machines.values() if one.machine.running]
            answering = {one.name for one in running if one.answering}
            if len(self._outages.down(answering)) > min(self._outages.max_down, 1):
                # One may be replaced. Another may only have been too busy for its last question.
                answering |= {one.name for one in running if not one.answering and one.answers_after_all()}
            self._outages.observe(answering, {one.name for one in running})
            time.sleep(PAUSE)

    def _expect(self, names: list[str]) -> None:
        self._outages.expected = set(names)

    def _excuse(self, names: list[str]) -> None:
        self._outages.excused = set(names)

    def _report(self) -> dict[str, Any]:
        outages = self._outages
        with outages.lock:
            return {
                "max_down": outages.max_down,
                "down_at": outages.down_at,
                "max_off": outages.max_off,
                "clusters": sorted(outages.clusters),
                "up": sorted(one.name for one in [*self._machines.values()] if one.answering),
            }

    def _changes(self) -> list[Change]:
        with self._outages.lock:
            return self._outages.changes


if __name__ == "__main__":
    Watching(sys.argv[1], sys.argv[2], Path(sys.argv[3])).run()
