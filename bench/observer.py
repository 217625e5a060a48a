"""Observes from outside when machines boot and when their etcd becomes healthy.

The program's clusters and their floors are observed in the same way.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Container, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import httpx

from bench.errors import BenchError
from components.shared.ports import CLIENT_PORT
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine, known_machines

POLL = 0.02
"""Seconds between two requests to a machine. It is also the error of ``healthy``."""


@dataclass(frozen=True)
class Boot:
    """One machine's boot. Times are in seconds since the epoch."""

    machine: NspawnMachine
    name: str
    addresses: tuple[str, ...]
    """The public and the private address."""
    booted: float
    """The start of the machine's process 1."""
    healthy: float
    """The first ``/health`` that says ``true``, over mutual TLS, from the operator's address."""


@dataclass(frozen=True)
class Bootstrap:
    """The boots in which one cluster was bootstrapped."""

    boots: tuple[Boot, ...]

    @property
    def booted(self) -> float:
        """When the first machine booted."""
        return min(boot.booted for boot in self.boots)

    @property
    def healthy(self) -> float:
        """When the last member became healthy."""
        return max(boot.healthy for boot in self.boots)

    @property
    def seconds(self) -> float:
        """How long it took from the first machine's boot to a healthy cluster."""
        return self.healthy - self.booted


@dataclass(frozen=True)
class Replacement:
    """One machine replaced by another."""

    old: int
    """The id of the machine that was deleted."""
    off: float
    """When it was off, in seconds since the epoch."""
    new: Boot


class Observer:
    """Waits for ``count`` machines to boot and become healthy, with a thread for each."""

    def __init__(self, layout: Layout, count: int) -> None:
        self._layout = layout
        self._count = count
        self._ended = threading.Event()

    @contextmanager
    def watching_bootstrap(self, limit: float) -> Generator[Future[Bootstrap]]:
        """Watch a cluster come up while the block lasts, for ``limit`` seconds at the most.

        The future raises ``BenchError`` with what was observed last of a machine that did not become healthy.
        """
        self._ended.clear()
        with ThreadPoolExecutor(self._count + 1) as pool:
            try:
                yield pool.submit(self._watch, pool, time.monotonic() + limit)
            finally:
                self._ended.set()

    def _watch(self, pool: ThreadPoolExecutor, deadline: float) -> Bootstrap:
        while len(machines := known_machines(self._layout)) < self._count:
            self._pause(deadline, f"{len(machines)} of {self._count} machines existed")
        return Bootstrap(tuple(pool.map(self._follow, machines, repeat(deadline))))

    @contextmanager
    def watching_replacements(self, limit: float) -> Generator[Future[list[Replacement]]]:
        """Watch ``count`` machines be replaced one after the other. Otherwise as ``watching_bootstrap``."""
        self._ended.clear()
        old = known_machines(self._layout)
        with ThreadPoolExecutor(1) as pool:
            try:
                yield pool.submit(self._watch_replacements, old, time.monotonic() + limit)
            finally:
                self._ended.set()

    def _watch_replacements(self, old: list[NspawnMachine], deadline: float) -> list[Replacement]:
        replacements: list[Replacement] = []
        known = {machine.id for machine in old}
        for number in range(1, self._count + 1):
            while (gone := next((machine for machine in old if not machine.running), None)) is None:
                self._pause(deadline, f"replacement {number} of {self._count} had not begun")
            off = time.time()
            old.remove(gone)
            while (new := self._unknown(known)) is None:
                self._pause(deadline, f"machine {gone.id} was off, and its replacement did not exist")
            known.add(new.id)
            replacements.append(Replacement(gone.id, off, self._follow(new, deadline)))
        return replacements

    def _unknown(self, known: Container[int]) -> NspawnMachine | None:
        return next((machine for machine in known_machines(self._layout) if machine.id not in known), None)

    def watch_reboot(self, machine: NspawnMachine, reboot: Callable[[], object], limit: float) -> Boot:
        """Call ``reboot``, and wait until the machine's etcd is healthy again. Raises ``BenchError``."""
        self._ended.clear()
        before = machine.leader()
        reboot()
        return self._follow(machine, time.monotonic() + limit, before)

    def _follow(self, machine: NspawnMachine, deadline: float, before: int | None = None) -> Boot:
        while (
            (leader := machine.leader()) is None
            or leader == before
            or not (machine.directory / "machine.json").exists()
        ):
            self._pause(deadline, f"machine {machine.id} had not booted")
        booted = started_at(leader)
        facts = machine.facts()
        addresses = tuple(address.partition("/")[0] for address in facts.addresses)
        while (context := _context(machine)) is None:
            self._pause(deadline, f"{facts.name} had no certificates in /etc/etcd")
        with httpx.Client(verify=context, timeout=2.0, trust_env=False) as client:
            while not _is_healthy(client, addresses[0], facts.name):
                self._pause(deadline, f"{facts.name} at {addresses[0]} was not healthy")
        return Boot(machine, facts.name, addresses, booted, time.time())

    def _pause(self, deadline: float, observed: str) -> None:
        if self._ended.wait(POLL) or time.monotonic() > deadline:
            raise BenchError(f"the cluster did not become healthy in time; last observed: {observed}")


def started_at(process: int) -> float:
    """When a process started, in seconds since the epoch, to a hundredth (proc_pid_stat(5), starttime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot


def _context(machine: NspawnMachine) -> ssl.SSLContext | None:
    """A TLS context with the machine's own certificates, or ``None`` until cloud-init has written all of them."""
    etc = machine.upper / "etc/etcd"
    with suppress(OSError, ssl.SSLError):
        context = ssl.create_default_context(cafile=etc / "ca.pem")
        context.load_cert_chain(etc / "server.pem", etc / "server-key.pem")
        return context
    return None


def _is_healthy(client: httpx.Client, address: str, name: str) -> bool:
    with suppress(OSError, httpx.HTTPError):
        # A connection costs far less than a request, and is refused until etcd serves clients.
        socket.create_connection((address, CLIENT_PORT), 0.25).close()
        answer = client.get(f"https://{address}:{CLIENT_PORT}/health", extensions={"sni_hostname": name})
        return answer.json().get("health") == "true"
    return False
