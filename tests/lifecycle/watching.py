"""``python -m tests.lifecycle.watching CLOUD DOMAIN BUNDLE``: looks at the members until it is ended."""

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
from tests.lifecycle.etcd_client import Bundle, Connection, NoAnswer
from tests.lifecycle.orders import obey
from tests.lifecycle.outages import Outages

PAUSE = 0.15
"""Seconds between two looks."""
TIMEOUT = 2.0
"""Seconds after which a member that says nothing is down. A machine that is only busy answers sooner."""


class Look:
    """One machine, asked by a thread of its own for as long as it exists."""

    def __init__(self, machine: NspawnMachine, facts: Facts, bundle: Bundle, outages: Outages) -> None:
        self.machine = machine
        self.name = facts.name
        self.answering = False
        """Its etcd answers, and votes."""
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
            fresh = self._connection.sock is None
            try:
                return self._votes(self._connection)
            except NoAnswer:
                if fresh:
                    return False
                # A kept connection may be that of an etcd that has been started again meanwhile.
        return False

    def answers_after_all(self) -> bool:
        """Whether it answers at this moment, and votes, on a connection of its own for this question."""
        connection = self._connect()
        try:
            return self._votes(connection)
        except NoAnswer:
            return False
        finally:
            connection.close()

    def _votes(self, connection: Connection) -> bool:
        status = connection.call("/v3/maintenance/status", {})
        with self._outages.lock:
            self._outages.clusters.add(status["header"]["cluster_id"])
        return not status.get("isLearner", False)


class Watching:
    """All machines of one domain."""

    def __init__(self, cloud: str, domain: str, bundle: Path) -> None:
        self._layout = Layout(cloud)
        self._suffix = f".{domain}"
        self._bundle = Bundle(bundle)
        self._outages = Outages()
        self._looks: dict[int, Look] = {}

    def run(self) -> None:
        """Look in the background, and obey orders."""
        threading.Thread(target=self._watch, daemon=True).start()
        obey(
            {
                "expect": self._expect,
                "excuse": self._excuse,
                "mark": self._outages.mark,
                "report": self._report,
            }
        )

    def _watch(self) -> None:
        while True:
            machines = {machine.id: machine for machine in known_machines(self._layout)}
            for machine_id in self._looks.keys() - machines.keys():
                self._looks.pop(machine_id).gone = True
            for machine_id in machines.keys() - self._looks.keys():
                # One that is just being made or deleted has no facts.
                with suppress(FileNotFoundError):
                    facts = machines[machine_id].facts()
                    if facts.name.endswith(self._suffix):
                        self._looks[machine_id] = Look(
                            machines[machine_id], facts, self._bundle, self._outages
                        )
            running = [look for look in self._looks.values() if look.machine.running]
            answering = {look.name for look in running if look.answering}
            if len(self._outages.down(answering)) > 1:
                # One is being replaced, and another was perhaps only too busy for its last question.
                answering |= {
                    look.name for look in running if not look.answering and look.answers_after_all()
                }
            self._outages.look(answering, {look.name for look in running})
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
                "up": sorted(look.name for look in self._looks.values() if look.answering),
            }


if __name__ == "__main__":
    Watching(sys.argv[1], sys.argv[2], Path(sys.argv[3])).run()
