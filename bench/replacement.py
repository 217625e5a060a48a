"""Time of replacing members one at a time, compared with rebooting them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from bench import engine
from bench.api import Api
from bench.engine import Run
from bench.errors import BenchError
from bench.figures import Figure, compared
from bench.journals import start_of
from bench.observer import Boot, Observer, Replacement
from bench.phases import seconds_between
from bench.requests import Call, logged_calls
from bench.stack_settings import with_settings
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.operator import STACK

MEMBERS = 3

ROUNDS = 2
"""Rolling changes, each of which replaces all members. After each, all members are rebooted."""

QUOTAS = (2, 3)
"""Values of the setting that changes, in GiB. It reaches the members by their user data alone."""

ROLLING_CHANGE_LIMIT = 280.0
"""Seconds that a rolling change may take."""

REBOOT_LIMIT = 60.0
"""Seconds that a reboot may take, and that a member may block it."""

SETTLE_LIMIT = 10.0
"""Seconds after a run within which all replacements must be observed."""

LIMIT = 1.5
"""How many times a reboot's time a replacement may take."""

PHASES = (
    "shutdown",
    "delete",
    "create",
    "boot",
    "discovery, and etcd's installation beside it",
    "etcd",
    "gate and engine",
)
REBOOT_PHASES = tuple(phase for phase in PHASES if phase not in {"delete", "create", "gate and engine"})

_POLL = 0.1


@dataclass(frozen=True)
class Timed:
    """One member's replacement or reboot."""

    phases: Mapping[str, float]
    """Seconds by phase."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(self.phases.values())


def measure_replacement(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    observer, api = Observer(place.cloud.layout, MEMBERS), Api()
    place.say("pulumi up")
    engine.up(CHECKOUT)
    replaced: list[Timed] = []
    rebooted: list[Timed] = []
    for number in range(1, ROUNDS + 1):
        file = with_settings(
            CHECKOUT / f"Pulumi.{STACK}.yaml", place.scratch, quotaGiB=QUOTAS[number % len(QUOTAS)]
        )
        place.say(f"round {number} of {ROUNDS}: changing a setting, which replaces every member")
        with observer.watching_replacements(ROLLING_CHANGE_LIMIT) as future:
            run = engine.up(CHECKOUT, file)
            replacements = _settled(future)
        timed = time_replacements(run, replacements, logged_calls(place.cloud), partial(_starts, place.cloud))
        place.say(f"  {_listed(timed)} a member, {run.seconds:.2f} s in all")
        replaced += timed
        _await_addresses([replacement.new for replacement in replacements])
        place.say(f"round {number} of {ROUNDS}: rebooting every member, the floor")
        timed = [
            _reboot(place.cloud, observer, api, machine) for machine in known_machines(place.cloud.layout)
        ]
        place.say(f"  {_listed(timed)} a member")
        rebooted += timed
    return figures(replaced, rebooted)


def _settled(future: Future[list[Replacement]]) -> list[Replacement]:
    """The replacements of a run that has ended. Their observation may end shortly after the run."""
    try:
        return future.result(SETTLE_LIMIT)
    except TimeoutError as error:
        raise BenchError(
            f"{SETTLE_LIMIT:.0f} s after the run, not all members were replaced and healthy"
        ) from error


def figures(replaced: Sequence[Timed], rebooted: Sequence[Timed]) -> list[Figure]:
    """The medians, and the phases of the replacement and the reboot of median length."""
    replacement, reboot = _middle(replaced), _middle(rebooted)
    return [
        compared(
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
    replacements: Sequence[Replacement],
    calls: Sequence[Call],
    starts: Callable[[Boot], Sequence[float]],
) -> list[Timed]:
    """Split each replacement of one run into phases.

    ``starts`` returns the moments at which a machine started discovery and etcd. Raises ``BenchError``.
    """
    posts = [call for call in calls if run.began <= call.time <= run.ended and call.method == "POST"]

    def first(path: str, since: float) -> float:
        times = [call.time for call in posts if call.path == path and call.time >= since]
        if not times:
            raise BenchError(f"the log of requests has no POST {path}")
        return times[0]

    shutdowns = [first(f"/v2/droplets/{replacement.old}/actions", run.began) for replacement in replacements]
    timed: list[Timed] = []
    for replacement, began, ended in zip(replacements, shutdowns, [*shutdowns[1:], run.ended], strict=True):
        new = replacement.new
        moments = [
            began,
            replacement.off,
            first("/v2/droplets", replacement.off),
            new.booted,
            *starts(new),
            new.healthy,
            ended,
        ]
        timed.append(Timed(seconds_between(PHASES, moments)))
    return timed


def _reboot(cloud: LocalCloud, observer: Observer, api: Api, machine: NspawnMachine) -> Timed:
    _await_unblocked(cloud, machine)
    began = time.time()

    def reboot() -> None:
        api.call("POST", f"/v2/droplets/{machine.id}/actions", {"type": "reboot"})

    boot = observer.watch_reboot(machine, reboot, REBOOT_LIMIT)
    moments = [began, boot.booted, *_starts(cloud, boot), boot.healthy]
    return Timed(seconds_between(REBOOT_PHASES, moments))


def _await_unblocked(cloud: LocalCloud, machine: NspawnMachine) -> None:
    """Wait until nothing on the machine blocks a shutdown."""
    query = ["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1"]
    query += ["org.freedesktop.login1.Manager", "BlockInhibited"]
    deadline = time.monotonic() + REBOOT_LIMIT
    while "shutdown" in (
        blocked := cloud.exec(str(machine.id), query, capture_output=True, text=True).stdout
    ):
        if time.monotonic() > deadline:
            raise BenchError(
                f"machine {machine.id} still blocks shutdown after {REBOOT_LIMIT:.0f} s: {blocked}"
            )
        time.sleep(_POLL)


def _await_addresses(members: Sequence[Boot]) -> None:
    """Wait until every member knows the addresses of all others. A reboot would wait for that."""
    expected = {f"{member.addresses[0]} {member.name}" for member in members}
    deadline = time.monotonic() + REBOOT_LIMIT
    for member in members:
        while not expected <= set((member.machine.upper / "etc/hosts").read_text().splitlines()):
            if time.monotonic() > deadline:
                raise BenchError(
                    f"{member.name} does not know the others' addresses after {REBOOT_LIMIT:.0f} s"
                )
            time.sleep(_POLL)


def _starts(cloud: LocalCloud, boot: Boot) -> list[float]:
    return [start_of(unit, cloud, boot) for unit in ("preparecluster.service", "etcd.service")]


def _middle(timed: Sequence[Timed]) -> Timed:
    return sorted(timed, key=lambda one: one.seconds)[len(timed) // 2]


def _listed(timed: Sequence[Timed]) -> str:
    return ", ".join(f"{one.seconds:.2f} s" for one in timed)
