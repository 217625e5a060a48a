"""Reads the age of the newest backup from the metrics file that members write for a node exporter."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from localcloud.machines.machine import NspawnMachine

METRICS = "var/lib/prometheus/node-exporter/etcd_backup.prom"
"""Path of the metrics file, relative to a machine's root."""

_SAMPLE = re.compile(r"^etcd_backup_(\w+) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class BackupState:
    """The backups of a cluster as one of its machines reports them."""

    taken: float | None
    """Unix time of the newest good backup; ``None`` without one."""
    failed: bool
    """Whether the machine's last attempt to list or upload a backup failed."""


def backup_state(machine: NspawnMachine) -> BackupState | None:
    """Return a machine's report, even if the machine is off; ``None`` if it makes no backups."""
    file = machine.upper / METRICS
    return parse(file.read_text()) if file.exists() else None


def parse(text: str) -> BackupState:
    """Parse the metrics file."""
    values = {name: float(value) for name, value in _SAMPLE.findall(text)}
    return BackupState(values.get("newest_timestamp_seconds"), bool(values.get("failed", 0)))


def summarize(
    states: Iterable[tuple[str, BackupState]], now: float | None = None, *, running: Collection[str]
) -> str:
    """Return one line about all machines, given by name; empty if none makes backups.

    ``running`` are those that are on. The others know only what was true when they stopped.
    """
    known = dict(states)
    if not known:
        return ""
    taken = [state.taken for state in known.values() if state.taken is not None]
    age = (time.time() if now is None else now) - max(taken, default=0)
    asked = [state for name, state in known.items() if name in running and not state.failed]
    none = "no backup yet" if asked else "whether there is a backup is unknown: no member could list them"
    line = f"newest backup: {_in_words(age)} old" if taken else none
    failing = sorted(name for name, state in known.items() if state.failed)
    return f"{line}; the last attempt failed on {' and '.join(failing)}" if failing else line


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
