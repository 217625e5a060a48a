"""Memory, sampled: of everything that a local cloud runs, and of one unit on one machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.machines.cgroups import Cgroup

PERIOD = 1.0
"""Seconds between samples: a sample of three machines takes some 20 ms of one core."""

UNIT_PERIOD = 0.02
"""Seconds between samples of a unit, which has a process or two: far less than a millisecond each."""


@dataclass(frozen=True)
class Sample:
    """What a local cloud took at one moment, in bytes. Commands that a user runs in it are not part of it."""

    machines: int = 0
    services: int = 0
    """The APIs, the name server and the object store."""
    providers: int = 0
    """The process that stand-in providers are forked from, and those that run."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.machines + self.services + self.providers


@dataclass
class Peak:
    """The sample with the highest sum so far."""

    sample: Sample = Sample()


class Memory:
    """Samples the proportional set size of every process, in which a shared page counts once
    (proc_pid_smaps(5), ``Pss``)."""

    def __init__(self, cloud: Path) -> None:
        self._cloud = Cgroup(cloud)

    @contextmanager
    def sampling(self) -> Generator[Peak]:
        """Sample while the block lasts."""
        peak = Peak()
        with _repeated(lambda: self._sample(peak), PERIOD):
            yield peak

    def _sample(self, peak: Peak) -> None:
        sums = {group.path.name: _sum(group) for group in self._cloud.children()}
        sums.pop("commands", None)
        seen = Sample(
            machines=sums.pop("machines", 0), providers=sums.pop("plugins", 0), services=sum(sums.values())
        )
        peak.sample = max(peak.sample, seen, key=lambda sample: sample.total)


@dataclass
class UnitPeak:
    """The highest sums over the processes of a unit seen so far, in bytes."""

    own: int = 0
    """What no file is behind (proc_pid_status(5), ``RssAnon``): the kernel cannot drop it."""
    resident: int = 0
    """With the pages of mapped files that were in memory (``VmRSS``), a database's for one."""


@contextmanager
def sampling_unit(unit: Cgroup) -> Generator[UnitPeak]:
    """Sample the processes of a unit, which may come and go, while the block lasts."""
    peak = UnitPeak()

    def sample() -> None:
        seen = [_status(process) for process in unit.processes()]
        peak.own = max(peak.own, sum(one.get("RssAnon", 0) for one in seen))
        peak.resident = max(peak.resident, sum(one.get("VmRSS", 0) for one in seen))

    with _repeated(sample, UNIT_PERIOD):
        yield peak


@contextmanager
def _repeated(sample: Callable[[], None], period: float) -> Generator[None]:
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(period):
            sample()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _status(process: int) -> dict[str, int]:
    """The fields of a process's status that are sizes, in bytes."""
    # A process may end meanwhile.
    with suppress(OSError):
        fields = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
        return {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields if field[-1] == "kB"}
    return {}


def _sum(group: Cgroup) -> int:
    return sum(_pss(process) for process in group.processes())


def _pss(process: int) -> int:
    # A process may end meanwhile.
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
