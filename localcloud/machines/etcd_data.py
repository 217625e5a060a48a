"""A member's data on its machine."""

from __future__ import annotations

from localcloud.machines.commands import run
from localcloud.machines.errors import MachineFailedError
from localcloud.machines.machine import NspawnMachine

DATA = "/var/lib/etcd/data"
LIMIT = 60.0

# A reboot would not do: the machine may block it.
_SCRIPT = f"systemctl stop etcd; rm -rf {DATA}/*; systemctl start --no-block etcd"


def wipe(machine: NspawnMachine) -> None:
    """Stop a machine's etcd, delete its data, and start it without any.

    Raises ``MachineFailedError`` if the machine is off or paused.
    """
    if machine.paused:
        raise MachineFailedError(f"machine {machine.id} is paused")
    run(machine.inside(["sh", "-ec", _SCRIPT]), timeout=LIMIT)
