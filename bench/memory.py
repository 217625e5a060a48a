"""The memory of everything that a local cloud runs, sampled."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.machines.cgroups import Cgroup

PERIOD = 1.0
"""Seconds between samples: a sample of three machines takes some 20 ms of one core."""


@dataclass
class Peak:
    """The highest sums seen so far, in bytes."""

    machines: int = 0
    services: int = 0
    """The APIs and the name server."""


class Memory:
    """Samples the proportional set size of every process, in which a shared page counts once
    (proc_pid_smaps(5), ``Pss``)."""

    def __init__(self, cloud: Path) -> None:
        self._cloud = Cgroup(cloud)

    @contextmanager
    def sampling(self) -> Generator[Peak]:
        """Sample while the block lasts."""
        peak, ended = Peak(), threading.Event()
        thread = threading.Thread(target=self._sample_until, args=(ended, peak), daemon=True)
        thread.start()
        try:
            yield peak
        finally:
            ended.set()
            thread.join()

    def _sample_until(self, ended: threading.Event, peak: Peak) -> None:
        while not ended.wait(PERIOD):
            others = {"machines", "commands", "plugins"}
            services = [group for group in self._cloud.children() if group.path.name not in others]
            peak.machines = max(peak.machines, _sum(self._cloud / "machines"))
            peak.services = max(peak.services, sum(_sum(group) for group in services))


def _sum(group: Cgroup) -> int:
    return sum(_pss(process) for process in group.processes())


def _pss(process: int) -> int:
    # A process may end meanwhile.
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
