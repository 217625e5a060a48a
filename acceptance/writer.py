"""An application that writes to the cluster during the run, and finds out whether a write was lost.

It has the operator's certificate, or that of a client of its own, if the stack has ``etcd:auth``. It uses etcd's gRPC
API, because etcd's JSON gateway refuses the certificate of a client while authentication is on.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from acceptance.errors import AcceptanceError
from components.etcd.credentials import TlsTexts
from components.etcd.grpc_api import Connection, RefusedCallError

CLIENT = "acceptance"
"""The name of its own client."""

PREFIX = "acceptance/"
"""What its keys begin with."""

OPERATOR = ("clientCertificate", "clientKey")
"""The outputs with the operator's certificate and key."""

INTERVAL = 0.25
"""Seconds between two writes."""

SECONDS = 2.0
"""Seconds that a member has to answer."""

READ_SECONDS = 60.0
"""Seconds in which some member must answer a read."""


@dataclass
class Written:
    """What was acknowledged since the last look."""

    acknowledged: int = 0
    longest_stall_seconds: float = 0.0
    """The longest time between two acknowledged writes."""


class Writer:
    """Writes one key after the other, between ``start`` and ``stop``."""

    def __init__(self, outputs: Mapping[str, Any], find: Callable[[], Mapping[str, str]]) -> None:
        """``outputs`` are those of the stack. ``find`` looks up the members' addresses, by name, as they are now."""
        self._find = find
        self._addresses: Mapping[str, str] = {}
        self._last_good = ""
        self._keys: set[str] = set()
        self._number = 0
        self._written = Written()
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.use(outputs)

    def use(self, outputs: Mapping[str, Any]) -> None:
        """Take the certificates from the outputs of the stack."""
        own = outputs.get(f"client-{CLIENT}-certificate")
        certificate, key = (f"client-{CLIENT}-certificate", f"client-{CLIENT}-key") if own else OPERATOR
        self._texts = TlsTexts(outputs["caCertificate"], outputs[certificate], outputs[key])

    def start(self) -> None:
        """Begin to write."""
        self._ended.clear()
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged in all."""
        return len(self._keys)

    def wait(self, seconds: float) -> None:
        """Wait until another write is acknowledged. Raises ``AcceptanceError``."""
        deadline, before = time.monotonic() + seconds, self.acknowledged
        while self.acknowledged == before:
            if time.monotonic() > deadline:
                raise AcceptanceError(f"no member acknowledged a write within {seconds:.0f} s")
            time.sleep(INTERVAL)

    def take(self) -> Written:
        """What was written since the last call."""
        with self._lock:
            now = time.monotonic()
            stall = max(self._written.longest_stall_seconds, now - self._last if self._thread else 0.0)
            taken = Written(self._written.acknowledged, round(stall, 2))
            self._written, self._last = Written(), now
        return taken

    def lost(self) -> int:
        """How many acknowledged keys the cluster does not have. Raises ``AcceptanceError``."""
        with self._lock:
            expected = set(self._keys)
        prefix = {"key": PREFIX.encode(), "range_end": f"{PREFIX[:-1]}0".encode(), "keys_only": True}
        deadline = time.monotonic() + READ_SECONDS
        while (answer := self._ask("KV/Range", prefix)) is None:
            if time.monotonic() > deadline:
                raise AcceptanceError(f"no member answered a read within {READ_SECONDS:.0f} s")
            time.sleep(INTERVAL)
        stored = {one.key.decode() for one in answer.kvs}
        return len(expected - stored)

    def _write(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._number += 1
            key = f"{PREFIX}{self._number:08}"
            if self._ask("KV/Put", {"key": key.encode(), "value": key.encode()}) is None:
                continue
            with self._lock:
                now = time.monotonic()
                self._keys.add(key)
                self._written.acknowledged += 1
                self._written.longest_stall_seconds = max(
                    self._written.longest_stall_seconds, now - self._last
                )
                self._last = now

    def _ask(self, method: str, fields: Mapping[str, Any]) -> Any:
        """The answer of the first member that gives one, or ``None``. It is asked first the next time."""
        for name, address in (self._addresses or self._look_up()).items():
            try:
                with Connection(name, address, self._texts) as connection:
                    answer = asyncio.run(connection.call(method, fields, seconds=SECONDS))
            except RefusedCallError:
                # Its droplet may have been replaced.
                self._addresses = {}
                continue
            self._last_good = name
            return answer
        self._addresses = {}
        return None

    def _look_up(self) -> Mapping[str, str]:
        with suppress(AcceptanceError):
            found = self._find()
            self._addresses = dict(sorted(found.items(), key=lambda one: one[0] != self._last_good))
        return self._addresses
