"""Samples of memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bench import memory
from bench.memory import Memory, sampling_unit
from localcloud.machines.cgroups import Cgroup


def test_the_memory_of_a_local_cloud_excludes_a_users_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PERIOD", 0.02)
    for group in ("machines/7", "api", "dnsmasq", "object-store", "plugins", "commands"):
        (tmp_path / group).mkdir(parents=True)
        (tmp_path / group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with Memory(tmp_path).sampling() as peak:
        time.sleep(0.2)
    sample = peak.sample
    own = sample.machines
    assert own > 10 << 20
    assert sample.services == pytest.approx(3 * own, rel=0.1)
    assert sample.providers == pytest.approx(own, rel=0.1)
    assert sample.total == sample.machines + sample.services + sample.providers


def test_the_memory_of_a_unit_is_that_of_its_processes(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    with sampling_unit(Cgroup(tmp_path)) as before:
        time.sleep(0.2)
    with sampling_unit(Cgroup(tmp_path)) as peak:
        taken = b"x" * (64 << 20)
        time.sleep(0.2)
    assert len(taken) * 0.9 < peak.own - before.own < len(taken) * 1.1
    assert peak.resident > peak.own


def test_a_unit_that_does_not_run_takes_no_memory(tmp_path: Path) -> None:
    with sampling_unit(Cgroup(tmp_path / "gone")) as peak:
        time.sleep(0.1)
    assert (peak.own, peak.resident) == (0, 0)
