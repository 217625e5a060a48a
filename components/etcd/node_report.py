"""What a member's machine says about itself while its etcd does not run: ``etcd_node/monitoring/facts.py``."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..api.http_client import Call, NoAnswerError, ask_member
from ..shared.ports import EXPORTER_PORT
from .damage import damage_in

PATH = "/status"
REQUEST_TIMEOUT_SECONDS = 5
"""The limit of each wait for a machine, which starts a program for the answer."""
TRIES = 2
"""How often a machine is asked that accepts the connection and does not answer in time. It may be busy."""
WRONG_CLOCK_SECONDS = 30.0
"""Difference to the clock of DigitalOcean's API from which a member's clock counts as wrong."""
LEAST_FREE_BYTES = 64 << 20
"""Free space below which a disk counts as full. etcd needs as much for the next file of its log."""
LONGEST_WORDS = 300
"""Characters of etcd's or ``preparecluster``'s words that a message quotes."""


@dataclass(frozen=True)
class NodeReport:
    """The facts of one member's machine."""

    prepare: str
    """systemd's state of ``preparecluster``: ``activating`` while it waits."""
    etcd: str
    """systemd's state of ``etcd``."""
    waiting: str = ""
    """What ``preparecluster`` waits for; empty while it does not run."""
    last_words: str = ""
    """What etcd said when it ended; empty when it did not end by itself."""
    result: str = ""
    """systemd's word for the end of etcd, such as ``oom-kill``."""
    exits: int = 0
    """How often systemd has started etcd again."""
    volume: str = ""
    """The name of the data volume; empty when the data is on the root disk."""
    mounted: bool = True
    """Whether the data volume is mounted."""
    free_bytes: int | None = None
    """Free bytes of the file system with the data; ``None`` when they are unknown."""
    read_only: bool = False
    """Whether that file system is read-only."""
    filesystem_errors: int = 0
    """Errors that the kernel has found in that file system."""
    contents: str = ""
    """What the data directory has, such as ``no data``; empty when that is unknown."""
    aside_bytes: int = 0
    """Bytes of data that a recovery has set aside on this disk."""
    disk_problem: str = ""
    """Why the disk cannot be examined."""
    clock_error: float = 0.0
    """Seconds by which the member's clock is ahead of that of DigitalOcean's API.

    While that is unknown, it is compared with the clock of the machine that asked.
    """
    has_leader: bool | None = None
    """Whether its etcd follows a leader; ``None`` when etcd or an earlier version of the node does not tell."""
    seen_from: str = ""
    """The address from which the machine that asked has reached the member."""

    @property
    def damage(self) -> str:
        """What is wrong with the data, so that etcd ends at every start; empty when nothing is known to be."""
        return damage_in(self.last_words)

    @property
    def full(self) -> bool:
        """Whether etcd has too little space to go on."""
        return self.free_bytes is not None and self.free_bytes < LEAST_FREE_BYTES

    @property
    def clock_wrong(self) -> bool:
        """Whether the member's clock differs too much from that of DigitalOcean's API."""
        return abs(self.clock_error) > WRONG_CLOCK_SECONDS

    def __str__(self) -> str:
        """Each trouble in a few words, the cause first."""
        return "; ".join(
            text
            for text, applies in (
                (f"its data volume {self.volume} is not mounted", self.volume and not self.mounted),
                ("its data is on a read-only file system", self.read_only),
                (f"its disk has only {(self.free_bytes or 0) >> 20} MiB free", self.full),
                (f"its disk cannot be examined: {self.disk_problem}", self.disk_problem),
                (
                    f"the kernel has found {self.filesystem_errors} errors in its file system",
                    self.filesystem_errors,
                ),
                (f"preparecluster: {self.waiting}", self.waiting),
                (self.damage, self.damage),
                (f"etcd has ended: {self.last_words}", self.last_words),
                (f"etcd was ended by systemd or the kernel: {self.result}", self._killed),
                (f"systemd has started etcd again {_times(self.exits)}", self.exits),
                ("etcd is stopped", self.etcd == "inactive" and not self.waiting),
                ("etcd runs", self.etcd == "active" and self.has_leader is not False),
                ("etcd runs and waits for a quorum: it has no leader", self.waits_for_quorum),
                (f"its clock is {self._clock}", self.clock_wrong),
            )
            if applies
        )

    @property
    def has_no_data(self) -> bool:
        """Whether it says that it has no data, neither in use nor set aside."""
        return self.contents == "no data" and not self.aside_bytes

    @property
    def waits_for_quorum(self) -> bool:
        """Whether etcd runs, and answers clients only when enough other members are connected to it."""
        return self.etcd == "active" and self.has_leader is False

    @property
    def _killed(self) -> bool:
        return self.result not in {"", "success", "exit-code"}

    @property
    def _clock(self) -> str:
        return f"{abs(self.clock_error):.0f} s {'ahead' if self.clock_error > 0 else 'behind'}"


def parse_report(values: Mapping[str, Any], now: float) -> NodeReport:
    """The facts in an answer. ``now`` is the Unix time by the clock that the member's is compared with.

    Raises ``KeyError``, ``TypeError`` or ``ValueError``.
    """
    unit, volume, disk = values["unit"], values["volume"], values["disk"]
    etcd, prepare = str(unit["etcd"]), str(unit["preparecluster"])
    free = disk.get("free_bytes")
    # The directory that a volume is missing from is on the root disk.
    known = bool(volume["mounted"]) or not volume["name"]
    return NodeReport(
        prepare=prepare,
        etcd=etcd,
        waiting=str(values["waiting"])[:LONGEST_WORDS] if prepare == "activating" else "",
        last_words="" if etcd == "active" else last_words(values["etcd_last"]),
        result="" if etcd == "active" else str(values["etcd_result"]),
        exits=int(values["etcd_exits"]),
        volume=str(volume["name"]),
        mounted=bool(volume["mounted"]),
        free_bytes=None if free is None else int(free),
        read_only=bool(disk.get("read_only")),
        filesystem_errors=int(disk.get("errors", 0)),
        contents=str(disk.get("contents", "")) if known else "",
        aside_bytes=int(disk.get("aside_bytes", 0)),
        disk_problem=str(disk.get("problem", "")),
        clock_error=float(values["clock"]) - now,
        has_leader=values.get("leader"),
        seen_from=str(values.get("client", "")),
    )


def last_words(lines: Sequence[str]) -> str:
    """What etcd said at its end, from the last lines of its log, the newest first.

    etcd logs in JSON. Go's runtime repeats a panic as text, without its details.
    """
    for line in lines:
        try:
            entry = json.loads(line)
            words = [str(entry[key]) for key in ("msg", "error") if entry.get(key)]
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        return ": ".join(words)[:LONGEST_WORDS]
    return lines[0][:LONGEST_WORDS] if lines else ""


async def ask_report(
    name: str, address: str, context: ssl.SSLContext, *, ahead: float = 0.0
) -> NodeReport | None:
    """Ask one member's machine. ``None`` when it gives no report. Never raises.

    ``ahead`` is how many seconds this machine's clock is ahead of the one that the member's is compared with.
    """
    for _ in range(TRIES):
        try:
            asked = time.time()
            (answer,) = await ask_member(
                name, address, EXPORTER_PORT, context, [Call(PATH)], seconds=REQUEST_TIMEOUT_SECONDS
            )
            return parse_report(answer.json(), (asked + time.time()) / 2 - ahead)
        except NoAnswerError as error:
            if not error.connected:
                break
        except (KeyError, TypeError, ValueError, AttributeError):
            break
    return None


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
