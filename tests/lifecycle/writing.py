"""``python -m tests.lifecycle.writing BUNDLE PREFIX ENDPOINT...``: writes numbered values from a mark until a rest.

It is started in a folder on the disk that the members share.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from components.shared.names import member_number
from testbed.etcd_client import Bundle, Connection, NoAnswer
from testbed.orders import obey
from testbed.standstill import Standstill
from tests.lifecycle.ledger import Ledger

T = TypeVar("T")

WORKERS = 4
"""Workers that write through each member.

etcd can lose a write between a member and its leader while the leadership is transferred, and answers it after 7 s:
https://github.com/etcd-io/etcd/issues/5214. Such a write must not keep the next ones from being tried.
"""
PAUSE = 1.6
"""Seconds between a worker's writes: all of a member's together write some five in two seconds."""
DISCOVERY = 1.0
"""Seconds between two requests for the member list."""
CATCH_UP = 60.0
"""Seconds that a member may lag behind before its missing values count as lost."""
PAGE = 2000


class Writing:
    """``WORKERS`` for each endpoint of the current member list."""

    def __init__(self, bundle: Path, prefix: str, endpoints: list[str]) -> None:
        self._bundle = Bundle(bundle)
        self._prefix = prefix
        self._known = set(endpoints)
        self._standstill = Standstill(Path.cwd())
        self._ledger = Ledger(self._standstill.within)
        self._workers: dict[tuple[str, int], threading.Thread] = {}
        self._writes = threading.Event()

    def run(self) -> None:
        """Write in the background while a case runs, and obey orders."""
        threading.Thread(target=self._standstill.watch, daemon=True).start()
        threading.Thread(target=self._discover, daemon=True).start()
        obey(
            {
                "mark": self.mark,
                "report": self._report,
                "rest": self.rest,
                "stood_still": self._standstill.within,
                "verify": self._verify,
            }
        )

    def mark(self) -> None:
        """Write from now on, and begin a new period."""
        self._ledger.mark()
        self._writes.set()

    def rest(self) -> None:
        """Write nothing more until the next mark."""
        self._writes.clear()

    def _report(self) -> dict[str, Any]:
        return {**asdict(self._ledger.period()), "endpoints": sorted(self._known)}

    def _discover(self) -> None:
        while self._writes.wait():
            self.staff()
            time.sleep(DISCOVERY)
            self._known = set(self._listed() or self._known)

    def staff(self) -> None:
        """Start the workers that are missing."""
        for one in product(self._known, range(WORKERS)):
            worker = self._workers.get(one)
            if worker is None or not worker.is_alive():
                self._workers[one] = threading.Thread(target=self._work, args=one, daemon=True)
                self._workers[one].start()

    def _listed(self) -> list[str]:
        for name in sorted(self._known):
            connection = Connection(name, self._bundle)
            try:
                members = connection.members()
            except NoAnswer:
                continue
            finally:
                connection.close()
            urls: list[str] = [member.client_urls[0] for member in members if member.client_urls]
            return [host for url in urls if (host := urlsplit(url).hostname)]
        return []

    def _work(self, name: str, index: int) -> None:
        connection = Connection(name, self._bundle)
        # The workers that waited for the same election must not write at the same moments from then on.
        offset = PAUSE * (index + member_number(name) % 3 / 3) / WORKERS
        while name in self._known:
            if not self._writes.is_set():
                # Members may be replaced during a rest: the next case must not begin with a dead connection.
                connection.close()
                self._writes.wait()
            time.sleep(PAUSE - (time.monotonic() - offset) % PAUSE)
            try:
                connection.open()
            except NoAnswer:
                continue
            number = self._ledger.take()
            try:
                connection.put(self._key(number), str(number))
            except NoAnswer:
                self._ledger.fail(number)
            else:
                self._ledger.acknowledge(number)
        connection.close()

    def _key(self, number: int) -> str:
        return f"{self._prefix}/{number:010}"

    def _verify(self, first: int) -> dict[str, list[int]]:
        """The acknowledged numbers from ``first`` on that each member lacks."""
        expected = self._ledger.acknowledged(first)
        names, revision = persistently(self._present)
        return {name: sorted(expected - self._on(name, first, revision)) for name in names}

    def _present(self) -> tuple[list[str], int]:
        """The members, and the cluster's revision by a linearizable read."""
        names = self._listed()
        if not names:
            raise NoAnswer("no member lists the members")
        reader = Connection(names[0], self._bundle, timeout=10)
        try:
            answer = reader.range(self._key(0))
        finally:
            reader.close()
        return names, answer.header.revision

    def _on(self, name: str, first: int, revision: int) -> set[int]:
        """The numbers in a member's own database, once it has applied ``revision``."""
        connection = Connection(name, self._bundle, timeout=10)
        deadline = time.monotonic() + CATCH_UP
        while time.monotonic() < deadline:
            try:
                if connection.range(self._key(0), serializable=True).header.revision >= revision:
                    break
            except NoAnswer as error:
                print(f"verifying: {error}", file=sys.stderr)
            time.sleep(0.2)
        return persistently(lambda: set(self._read(connection, first)))

    def _read(self, connection: Connection, first: int) -> Iterator[int]:
        key, end = self._key(first), f"{self._prefix}0"
        while True:
            page = connection.range(key, end, serializable=True, limit=PAGE)
            for pair in page.kvs:
                number = int(pair.key.decode().rpartition("/")[2])
                if pair.value.decode() == str(number):
                    yield number
            if not page.more:
                return
            key = page.kvs[-1].key.decode() + "\0"


def persistently(attempt: Callable[[], T]) -> T:
    """Retry until there is an answer. Raises ``NoAnswer`` after ``CATCH_UP`` seconds."""
    deadline = time.monotonic() + CATCH_UP
    while True:
        try:
            return attempt()
        except NoAnswer as error:
            if time.monotonic() > deadline:
                raise
            print(f"verifying: {error}", file=sys.stderr)
            time.sleep(0.2)


if __name__ == "__main__":
    Writing(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]).run()
