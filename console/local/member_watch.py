"""Asks one member and its machine once a second."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Executor

from components.etcd.member_status import MemberStatus
from console.local.answers import Answer, MemberQuestions
from console.local.machine_facts import MachineFiles
from console.local.member_connection import MemberConnection
from console.local.members import Inside

PERIOD_SECONDS = 1.0
WORDS_SECONDS = 3.0
"""Seconds between two looks into the journal of a machine whose etcd does not serve."""


class MemberWatch:
    """One member with its droplet that is on."""

    def __init__(self, name: str, address: str, files: MachineFiles, threads: Executor) -> None:
        self.name = name
        self.address = address
        self.root = files.machine.upper
        """What the machine has changed of its root file system."""
        self._files = files
        self._threads = threads
        self._questions = MemberQuestions(address, MemberConnection(name, address, files.context))
        self._words = ""
        self._words_read = 0.0
        self.answer: Answer | None = None
        self.inside: Inside | None = None

    async def run(self) -> None:
        """Ask until this is cancelled. All members are asked at the same moment."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self.answer, self.inside = await loop.run_in_executor(self._threads, self._ask)
                await asyncio.sleep(PERIOD_SECONDS - loop.time() % PERIOD_SECONDS)
        finally:
            self._questions.close()

    def _ask(self) -> tuple[Answer, Inside]:
        answer = self._questions.ask()
        facts = self._files.facts()
        if isinstance(answer.observation, MemberStatus):
            return answer, Inside(facts)
        if not self._files.machine.paused and time.monotonic() - self._words_read > WORDS_SECONDS:
            # What it waits for says more than how etcd ended before.
            units = ["preparecluster"] if facts.preparing else ["preparecluster", "etcd"]
            self._words, self._words_read = self._files.last_words(*units), time.monotonic()
        return answer, Inside(facts, self._files.has_data(), self._words)
