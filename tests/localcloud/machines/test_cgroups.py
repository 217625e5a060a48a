"""Daemons in control groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.machines import cgroups
from localcloud.machines.cgroups import Cgroup


@pytest.fixture
def group(host: None, tmp_path: Path) -> Iterator[Cgroup]:
    """A control group for the test, in a hierarchy that is mounted for it."""
    cgroups.mount(tmp_path)
    group = Cgroup(tmp_path / f"localcloud-{tmp_path.name}")
    yield group
    group.remove()
    cgroups.unmount(tmp_path)


def start(group: Cgroup, *argv: str) -> None:
    with Path("/dev/null").open("wb") as log:
        group.spawn(argv, output=log, env={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("attempt", range(5))
def test_a_daemon_is_in_its_group_as_soon_as_it_is_started(group: Cgroup, attempt: int) -> None:
    start(group, "sleep", "600")
    assert group.populated()


def test_starting_a_daemon_that_cannot_start_returns(group: Cgroup) -> None:
    start(group, "/nonexistent")
    assert group.wait_empty(10)
