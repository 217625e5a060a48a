"""The facts by which the program and an operator know why this member does not run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etcd_node.etcd.wal import read_disk
from etcd_node.host.settings import Paths, Settings
from etcd_node.host.volume import is_read_only, mount_options

UNITS = ("preparecluster", "etcd")
ERRORS = '"level":"(fatal|panic)"|failed to verify flags|^panic:|^fatal error:'
"""A regular expression for the last words of etcd: what ends it, in its log or from Go's runtime."""
COMMAND_TIMEOUT = 4.0
"""Seconds for each command of systemd."""


def facts(settings: Settings, paths: Paths, *, journal: bool = True) -> dict[str, Any]:
    """Return what this member knows about itself. etcd need not run, nor be installed.

    Without ``journal``, the lines of the journal are missing, which take the longest. They are missing as well while
    etcd or ``preparecluster`` has nothing to say.
    The program makes sentences of it: ``components/etcd/node_report.py``.
    """
    units = _units()
    states = {unit: values.get("ActiveState", "") for unit, values in units.items()}
    waits = journal and states["preparecluster"] == "activating"
    return {
        "name": settings.name,
        "clock": time.time(),
        "unit": states,
        "waiting": "".join(_journal("preparecluster", "-n1")) if waits else "",
        "etcd_last": _journal("etcd", "-n2", "-g", ERRORS) if journal and states["etcd"] != "active" else [],
        "etcd_result": units["etcd"].get("Result", ""),
        "etcd_exits": int(units["etcd"].get("NRestarts", 0)),
        "volume": {"name": settings.volume, "mounted": mount_options(paths.mount) is not None},
        "disk": _disk(paths),
    }


def words(facts: Mapping[str, Any]) -> str:
    """Return why etcd does not run, in the words of ``preparecluster`` or of etcd's end; empty when it runs."""
    if facts["unit"]["etcd"] == "active":
        return ""
    if facts["unit"]["preparecluster"] == "activating":
        return str(facts["waiting"])
    last = str((facts["etcd_last"] or [facts["etcd_result"]])[0])
    # What comes before the message is the time and the place in etcd's source.
    return (last.partition('"msg":')[2].partition(',"stack')[0] or last)[:200]


def _disk(paths: Paths) -> dict[str, Any]:
    try:
        disk = os.statvfs(paths.mount)
        return {
            "size_bytes": disk.f_blocks * disk.f_frsize,
            "free_bytes": disk.f_bavail * disk.f_frsize,
            # All that lies beside the data and has a time in its name.
            "aside_bytes": sum(
                _blocks(file) * 512 for folder in paths.mount.glob("*-*") for file in folder.rglob("*")
            ),
            "read_only": is_read_only(paths.mount),
            "errors": int(paths.errors.read_text()) if paths.errors.exists() else 0,
            "contents": read_disk(paths.data).contents.value,
        }
    except OSError as error:
        return {"problem": str(error)}


def _blocks(file: Path) -> int:
    try:
        return file.stat().st_blocks
    except FileNotFoundError:
        # It is being deleted.
        return 0


def _units() -> dict[str, dict[str, str]]:
    # systemctl separates the units by an empty line.
    blocks = "\n".join(_output("systemctl", "show", "-pActiveState,Result,NRestarts", *UNITS)).split("\n\n")
    parsed = [dict(line.split("=", 1) for line in block.splitlines()) for block in blocks]
    return dict(zip(UNITS, [*parsed, {}], strict=False))


def _journal(unit: str, *options: str) -> list[str]:
    """Lines of a unit's own processes since the last boot."""
    return _output("journalctl", "-qb", "-ocat", "-S-1h", *options, f"_SYSTEMD_UNIT={unit}.service")


def _output(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMMAND_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").splitlines()
