"""Processor time of the parts of a local cloud."""

from __future__ import annotations

from pathlib import Path


def processor_seconds(group: Path) -> float:
    """Seconds of processor time that all processes of a cgroup have used so far, also those that have ended.

    A group that does not exist has used none. Source: ``usage_usec`` in cpu.stat, kernel documentation of cgroup v2.
    """
    try:
        text = (group / "cpu.stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0.0
    values = dict(line.split() for line in text.splitlines())
    return int(values["usage_usec"]) / 1e6
