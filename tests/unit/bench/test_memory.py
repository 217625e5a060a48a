"""Samples of memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bench import memory
from bench.memory import Memory, sampling_unit
from localcloud.machines.cgroups import Cgroup


class Samples:
    """Counts the samples that were taken."""

    taken = 0

    def wait(self) -> None:
        """Wait for a sample that begins after this call."""
        enough, deadline = self.taken + 2, time.monotonic() + 60
        while self.taken < enough:
            assert time.monotonic() < deadline, f"{self.taken} samples were taken"
            time.sleep(0.01)


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> Samples:
    samples, repeated = Samples(), memory._repeated

    def counted(sample: Callable[[], None], period: float) -> AbstractContextManager[None]:
        def take() -> None:
            sample()
            samples.taken += 1

        return repeated(take, period)

    monkeypatch.setattr(memory, "_repeated", counted)
    return samples


def test_the_memory_of_a_local_cloud_excludes_a_users_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: Samples
) -> None:
    monkeypatch.setattr(memory, "PERIOD", 0.02)
    for group in ("machines/7", "api", "dnsmasq", "object-store", "plugins", "commands"):
        (tmp_path / group).mkdir(parents=True)
        (tmp_path / group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with Memory(tmp_path).sampling() as peak:
        samples.wait()
    sample = peak.sample
    own = sample.machines
    assert own > 10 << 20
    assert sample.services == pytest.approx(3 * own, rel=0.1)
    assert sample.providers == pytest.approx(own, rel=0.1)
    assert sample.total == sample.machines + sample.services + sample.providers


def test_the_memory_of_a_unit_is_that_of_its_processes(tmp_path: Path, samples: Samples) -> None:
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with sampling_unit(Cgroup(tmp_path)) as before:
        samples.wait()
    with sampling_unit(Cgroup(tmp_path)) as peak:
        taken = b"x" * (64 << 20)
        samples.wait()
    assert len(taken) * 0.9 < peak.own - before.own < len(taken) * 1.1
    assert peak.resident > peak.own


def test_a_unit_that_does_not_run_takes_no_memory(tmp_path: Path, samples: Samples) -> None:
    with sampling_unit(Cgroup(tmp_path / "gone")) as peak:
        samples.wait()
    assert (peak.own, peak.resident) == (0, 0)
