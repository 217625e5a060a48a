"""Samples memory: of all that a local cloud runs, and of one unit on one machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.machines.cgroups import Cgroup

PERIOD = 1.0
"""Seconds between two samples of a local cloud. With three machines, one sample takes some 20 ms of one core."""

UNIT_PERIOD = 0.02
"""Seconds between two samples of a unit. It has a process or two, and one sample takes far less than 1 ms."""


@dataclass(frozen=True)
class Sample:
    """Memory of a local cloud at one moment, in bytes, without the commands that a user runs in it."""

    machines: int = 0
    services: int = 0
    """The APIs, the name server and the object store."""
    providers: int = 0
    """The running stand-in plugins, one of which runs the program, and the process that forks them."""

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.machines + self.services + self.providers


@dataclass
class Peak:
    """The sample with the highest total so far."""

    sample: Sample = Sample()


class Memory:
    """Samples the proportional set size of every process (proc_pid_smaps(5), ``Pss``).

    In this size a page that several processes share counts once.
    """

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
        sample = Sample(
            machines=sums.pop("machines", 0), providers=sums.pop("plugins", 0), services=sum(sums.values())
        )
        peak.sample = max(peak.sample, sample, key=lambda sample: sample.total)


@dataclass
class UnitPeak:
    """The highest memory of a unit so far, summed over its processes, in bytes."""

    own: int = 0
    """Memory that no file backs (proc_pid_status(5), ``RssAnon``). The kernel cannot drop it."""
    resident: int = 0
    """The same and the pages of mapped files that were in memory (``VmRSS``), such as a database's."""


@contextmanager
def sampling_unit(unit: Cgroup) -> Generator[UnitPeak]:
    """Sample a unit while the block lasts. Its processes may come and go."""
    peak = UnitPeak()

    def sample() -> None:
        processes = [_status(process) for process in unit.processes()]
        peak.own = max(peak.own, sum(sizes.get("RssAnon", 0) for sizes in processes))
        peak.resident = max(peak.resident, sum(sizes.get("VmRSS", 0) for sizes in processes))

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
    """The sizes in a process's status, in bytes. Empty once the process has ended."""
    with suppress(OSError):
        fields = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
        return {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields if field[-1] == "kB"}
    return {}


def _sum(group: Cgroup) -> int:
    return sum(_pss(process) for process in group.processes())


def _pss(process: int) -> int:
    """A process's proportional set size in bytes. Zero once the process has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
