"""Times of replacements and reboots."""

from __future__ import annotations

import pytest

from bench.engine import Run
from bench.errors import BenchError
from bench.observer import Boot, Replacement
from bench.replacement import PHASES, Timed, figures, time_replacements
from bench.requests import Call
from localcloud.machines.layout import Layout
from localcloud.machines.machine import NspawnMachine


def timed(*seconds: float) -> Timed:
    return Timed(dict(zip(PHASES, seconds, strict=True)))


def rebooted(shutdown: float, boot: float, discovery: float, etcd: float) -> Timed:
    return Timed({PHASES[0]: shutdown, PHASES[3]: boot, PHASES[4]: discovery, PHASES[5]: etcd})


def test_a_replacement_is_compared_with_the_median_reboot() -> None:
    replaced = [timed(9, 9, 9, 9, 9, 9, 9), timed(1, 0.5, 0.5, 2, 1, 1, 1), timed(0, 0, 0, 1, 0, 0, 0)]
    floors = [rebooted(1, 1, 1, 1), rebooted(1, 2, 1, 1), rebooted(9, 9, 9, 9)]
    whole, *phases = figures(replaced, floors)
    assert (whole.value, whole.floor, whole.ratio) == (7, 5, 1.4)
    assert sum(phase.value for phase in phases) == whole.value
    assert [phase.floor for phase in phases] == [1, None, None, 2, 1, 1, None]


def replacement(old: int, off: float, booted: float, healthy: float) -> Replacement:
    machine = NspawnMachine(old + 10, Layout("test"))
    return Replacement(old, off, Boot(machine, f"etcd-server-{old}", ("203.0.113.9",), booted, healthy))


def posts(*moments: tuple[float, str]) -> list[Call]:
    return [Call("digitalocean", "203.0.113.1", time, "POST", path) for time, path in moments]


def test_a_replacement_lasts_until_the_next_shutdown_or_the_end() -> None:
    seen = [
        replacement(1, off=102, booted=104, healthy=109),
        replacement(2, off=113, booted=115, healthy=118),
    ]
    requests = posts(
        (90, "/v2/droplets"),
        (101, "/v2/droplets/1/actions"),
        (103, "/v2/droplets"),
        (110, "/v2/droplets/2/actions"),
        (114, "/v2/droplets"),
    )
    first, last = time_replacements(
        Run(100, 120), seen, requests, lambda new: (new.booted + 1, new.booted + 2)
    )
    assert list(first.phases.values()) == [1, 1, 1, 1, 1, 3, 1]
    assert list(last.phases.values()) == [3, 1, 1, 1, 1, 1, 2]
    assert (first.seconds, last.seconds) == (9, 10)


def test_a_replacement_without_a_shutdown_request_is_rejected() -> None:
    seen = [replacement(1, off=102, booted=104, healthy=109)]
    with pytest.raises(BenchError, match="/v2/droplets/1/actions"):
        time_replacements(Run(100, 120), seen, posts((103, "/v2/droplets")), lambda new: (105, 106))
