"""Time and memory of backups and restores, by the size of the database."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench import engine
from bench.errors import BenchError
from bench.etcdctl import client_environment, statuses
from bench.figures import Figure
from bench.memory import UnitPeak, sampling_unit
from bench.stack_settings import with_settings
from bench.workplace import Workplace
from bench.writing import Writes, put
from localcloud.checkout import CHECKOUT
from localcloud.cli.main import BACKUP_NOW
from localcloud.machines.etcd_health import etcd_health
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.operator import STACK
from localcloud.tokens import BACKUP_BUCKET

SIZES = (10, 100, 500, 2048)
"""Sizes of the database in MiB. Each grows out of the one before."""

QUOTA_GIB = 4

VALUE_BYTES = 60_000
"""Bytes of one value. All values are the same random bytes, and gzip does not see that: it looks back 32 KiB only."""

VALUE_PAGES = 1 << 16
"""Bytes that such a value takes in the database file."""

FIRST_KEY_BYTES = 16
"""Length of the keys of the first size. Each size has longer keys, so that no key is overwritten."""

LIMIT = 900.0
"""Seconds that one backup or restore may take."""

BUMP = 1_000_000_000
"""A restore raises etcd's revision by this much at the least."""

_UNIT = "bench-backup.service"
_BOOTSTRAP = "preparecluster.service"
_RECOVER = ("python3", "-ES", "/etc/etcd/prepare_cluster.py", "recover", "from-backup")
_STOPPED = "etcd-reconcile.service etcd-backup.service etcd-defragment.timer"
_REMOVE_DATA = (
    "systemctl stop etcd.service etcd-reconcile.service && rm -rf /var/lib/etcd/data && "
    "install -d -m 700 -o etcd -g etcd /var/lib/etcd/data"
)
_POLL = 0.1


@dataclass(frozen=True)
class Measured:
    """One backup or restore."""

    seconds: float
    peak: UnitPeak


def measure_backups(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    engine.destroy(CHECKOUT)
    place.say("pulumi up, one member")
    committed = CHECKOUT / f"Pulumi.{STACK}.yaml"
    engine.up(CHECKOUT, with_settings(committed, place.scratch, size=1, quotaGiB=QUOTA_GIB))
    (machine,) = known_machines(place.cloud.layout)
    client = client_environment(place)
    figures: list[Figure] = []
    for number, size in enumerate(SIZES):
        _stop_upkeep(place, machine)
        place.say(f"{size} MiB: filling the database")
        _grow(client, size, FIRST_KEY_BYTES + number)
        backup, name = _back_up(place, machine)
        place.say(f"  backup {_summary(backup)}")
        restore = _restore(place, machine, client, name)
        place.say(f"  restore {_summary(restore)}")
        figures += figures_of(size, backup, restore)
        for file in (place.cloud.layout.objects / "buckets" / BACKUP_BUCKET).rglob(name):
            file.unlink()
    return figures


def figures_of(size: int, backup: Measured, restore: Measured) -> list[Figure]:
    """The figures of a database of ``size`` MiB."""
    return [
        figure
        for what, measured in (("backup", backup), ("restore", restore))
        for figure in (
            Figure(f"{what} of a database of {size} MiB", round(measured.seconds, 2), "s"),
            Figure("  peak memory", round(measured.peak.own / 2**20, 1), "MiB"),
            Figure(
                "  peak memory with mapped pages of files", round(measured.peak.resident / 2**20, 1), "MiB"
            ),
        )
    ]


def writes_to_reach(size: int, now: int, key_bytes: int) -> Writes:
    """The writes by which a database of ``now`` bytes grows to ``size`` bytes."""
    return Writes((size - now) // VALUE_PAGES, VALUE_BYTES, key_bytes)


def _grow(client: Mapping[str, str], mib: int, key_bytes: int) -> None:
    (before,) = statuses(client)
    put([before.endpoint], client, writes_to_reach(mib << 20, before.size, key_bytes))


def _back_up(place: Workplace, machine: NspawnMachine) -> tuple[Measured, str]:
    """Take a backup as an operator does on a member. Returns its measurement and its name."""
    unit = ("systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--unit={_UNIT}")
    began = time.monotonic()
    with sampling_unit(machine.unit(_UNIT)) as peak:
        printed = place.on(str(machine.id), [*unit, *BACKUP_NOW], LIMIT)
    seconds = time.monotonic() - began
    name = re.search(r"backup (\S+\.db\.gz): ", printed)
    if name is None:
        raise BenchError(f"the backup printed no name: {printed[-1000:]}")
    return Measured(seconds, peak), name[1]


def _restore(place: Workplace, machine: NspawnMachine, client: Mapping[str, str], name: str) -> Measured:
    """Remove all data and restore a backup. Times it from the operator's command to a healthy etcd."""
    (before,) = statuses(client)
    place.on(str(machine.id), ["sh", "-c", _REMOVE_DATA], LIMIT)
    began = time.monotonic()
    with sampling_unit(machine.unit(_BOOTSTRAP)) as peak:
        place.on(str(machine.id), [*_RECOVER, name, f"--members={machine.facts().name}", "--as=bench"], LIMIT)
        while etcd_health(machine) != "healthy":
            if time.monotonic() - began > LIMIT:
                raise BenchError(f"the restore of {name} did not end within {LIMIT:.0f} s")
            time.sleep(_POLL)
    seconds = time.monotonic() - began
    (after,) = statuses(client)
    if after.revision < before.revision + BUMP:
        raise BenchError(f"the cluster has revision {after.revision}: it was not restored from {name}")
    return Measured(seconds, peak)


def _stop_upkeep(place: Workplace, machine: NspawnMachine) -> None:
    """Stop the member's own backups and defragmentation. A recovery starts ``etcd-reconcile`` again."""
    place.on(str(machine.id), ["systemctl", "stop", *_STOPPED.split()], LIMIT)


def _summary(measured: Measured) -> str:
    peak = measured.peak
    return (
        f"{measured.seconds:.2f} s, {peak.own / 2**20:.1f} MiB, with mapped pages {peak.resident / 2**20:.1f}"
    )
