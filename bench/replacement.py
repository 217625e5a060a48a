"""Replacing members one at a time, beside rebooting them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from bench import engine
from bench.api import Api
from bench.engine import Run
from bench.errors import BenchError
from bench.figures import Figure, beside
from bench.journals import start_of
from bench.observer import Observer, Replacement, Sighting
from bench.requests import Call, calls
from bench.stack_settings import with_settings
from bench.workplace import PROJECT, Workplace
from localcloud.cloud import LocalCloud
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.operator import STACK

MEMBERS = 3

ROUNDS = 2
"""Rolling changes, each of which replaces all members; after each, all members are rebooted."""

QUOTAS = (2, 3)
"""GiB: the setting that changes. It reaches the members by their user data alone."""

ROLL_LIMIT = 280.0
"""Seconds for a rolling change."""

REBOOT_LIMIT = 60.0
"""Seconds for a reboot, and for a member's consent to it."""

SETTLE_LIMIT = 10.0
"""Seconds after a run until all replacements were seen."""

LIMIT = 1.5
"""How many reboots a replacement may take."""

PHASES = (
    "shutdown",
    "delete",
    "create",
    "boot",
    "discovery, and etcd's installation beside it",
    "etcd",
    "gate and engine",
)

_POLL = 0.1


@dataclass(frozen=True)
class Timed:
    """One member's replacement or reboot."""

    phases: Mapping[str, float]
    """Seconds by phase; a reboot has no ``delete``, ``create`` and ``gate and engine``."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(self.phases.values())


def measure_replacement(place: Workplace) -> list[Figure]:
    """All figures of this part; begins with a cluster or none, ends with a healthy one. Raises ``BenchError``."""
    observer, api = Observer(place.cloud.layout, MEMBERS), Api()
    place.say("pulumi up")
    engine.up(PROJECT)
    replaced: list[Timed] = []
    rebooted: list[Timed] = []
    for number in range(1, ROUNDS + 1):
        file = with_settings(
            PROJECT / f"Pulumi.{STACK}.yaml", place.scratch, quotaGiB=QUOTAS[number % len(QUOTAS)]
        )
        place.say(f"round {number} of {ROUNDS}: a setting changes, and every member is replaced")
        with observer.watching_replacements(ROLL_LIMIT) as future:
            run = engine.up(PROJECT, file)
            seen = _settled(future)
        found = time_replacements(run, seen, calls(place.cloud), partial(_starts, place.cloud))
        place.say(f"  {_listed(found)} a member, {run.seconds:.2f} s in all")
        replaced += found
        _await_addresses(place.cloud, [replacement.new for replacement in seen])
        place.say(f"round {number} of {ROUNDS}: the floor, every member is rebooted")
        found = [
            _reboot(place.cloud, observer, api, machine) for machine in known_machines(place.cloud.layout)
        ]
        place.say(f"  {_listed(found)} a member")
        rebooted += found
    return figures(replaced, rebooted)


def _settled(future: Future[list[Replacement]]) -> list[Replacement]:
    """What was seen until shortly after the run, which ends with every member healthy."""
    try:
        return future.result(SETTLE_LIMIT)
    except TimeoutError as error:
        raise BenchError(
            f"{SETTLE_LIMIT:.0f} s after the run not all members were replaced and healthy"
        ) from error


def figures(replaced: Sequence[Timed], rebooted: Sequence[Timed]) -> list[Figure]:
    """The medians, and the phases of the replacement and of the reboot of median length."""
    replacement, reboot = _middle(replaced), _middle(rebooted)
    return [
        beside(
            "a member's replacement, from its shutdown to the next one's",
            statistics.median(timed.seconds for timed in replaced),
            statistics.median(timed.seconds for timed in rebooted),
            unit="s",
            limit=LIMIT,
        ),
        *(
            Figure(
                f"  of it {phase}",
                round(replacement.phases[phase], 2),
                "s",
                round(reboot.phases[phase], 2) if phase in reboot.phases else None,
            )
            for phase in PHASES
        ),
    ]


def time_replacements(
    run: Run,
    seen: Sequence[Replacement],
    requests: Sequence[Call],
    starts: Callable[[Sighting], Sequence[float]],
) -> list[Timed]:
    """The phases of each replacement of one run, in their order: a line of moments, as ``phases.split`` has it.

    ``starts`` gives the moments at which a machine started discovery and etcd.
    """
    ours = [call for call in requests if run.began <= call.time <= run.ended and call.method == "POST"]

    def first(path: str, since: float) -> float:
        times = [call.time for call in ours if call.path == path and call.time >= since]
        if not times:
            raise BenchError(f"the log of requests has no POST {path}")
        return times[0]

    pressed = [first(f"/v2/droplets/{replacement.old}/actions", run.began) for replacement in seen]
    timed: list[Timed] = []
    for replacement, began, ended in zip(seen, pressed, [*pressed[1:], run.ended], strict=True):
        new = replacement.new
        line = [
            began,
            replacement.off,
            first("/v2/droplets", replacement.off),
            new.booted,
            *starts(new),
            new.healthy,
            ended,
        ]
        timed.append(Timed(_between(PHASES, line)))
    return timed


def _reboot(cloud: LocalCloud, observer: Observer, api: Api, machine: NspawnMachine) -> Timed:
    _await_consent(cloud, machine)
    began = time.time()

    def reboot() -> None:
        api.call("POST", f"/v2/droplets/{machine.id}/actions", {"type": "reboot"})

    seen = observer.watch_reboot(machine, reboot, REBOOT_LIMIT)
    phases = [phase for phase in PHASES if phase not in {"delete", "create", "gate and engine"}]
    return Timed(_between(phases, [began, seen.booted, *_starts(cloud, seen), seen.healthy]))


def _await_consent(cloud: LocalCloud, machine: NspawnMachine) -> None:
    """Wait until nothing on the machine holds its shutdown."""
    ask = ["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1"]
    ask += ["org.freedesktop.login1.Manager", "BlockInhibited"]
    deadline = time.monotonic() + REBOOT_LIMIT
    while "shutdown" in (said := cloud.exec(str(machine.id), ask, capture_output=True, text=True).stdout):
        if time.monotonic() > deadline:
            raise BenchError(f"machine {machine.id} holds its shutdown for {REBOOT_LIMIT:.0f} s: {said}")
        time.sleep(_POLL)


def _await_addresses(cloud: LocalCloud, members: Sequence[Sighting]) -> None:
    """Wait until every member knows where all others are: without that a reboot would wait for it."""
    expected = {f"{member.addresses[0]} {member.name}" for member in members}
    deadline = time.monotonic() + REBOOT_LIMIT
    for member in members:
        while not expected <= set((member.machine.upper / "etc/hosts").read_text().splitlines()):
            if time.monotonic() > deadline:
                raise BenchError(
                    f"{member.name} does not know the others' addresses after {REBOOT_LIMIT:.0f} s"
                )
            time.sleep(_POLL)


def _starts(cloud: LocalCloud, sighting: Sighting) -> list[float]:
    return [start_of(unit, cloud, sighting) for unit in ("preparecluster.service", "etcd.service")]


def _between(phases: Sequence[str], line: Sequence[float]) -> dict[str, float]:
    return {phase: later - earlier for phase, (earlier, later) in zip(phases, pairwise(line), strict=True)}


def _middle(timed: Sequence[Timed]) -> Timed:
    return sorted(timed, key=lambda one: one.seconds)[len(timed) // 2]


def _listed(timed: Sequence[Timed]) -> str:
    return ", ".join(f"{one.seconds:.2f} s" for one in timed)
