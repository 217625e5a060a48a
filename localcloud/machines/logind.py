"""A machine's power button and reset button: its own logind, asked over D-Bus.

logind respects the block inhibitors that services inside the machine hold, also for root
(https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from localcloud.machines.commands import run
from localcloud.machines.errors import CommandFailedError, MachineFailedError

_CALL = (
    *("busctl", "--timeout=5", "call"),
    *("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"),
)


class Button(Enum):
    """What logind can be asked for."""

    POWER = ("PowerOff", "b", "false")
    """A shutdown, unless an inhibitor forbids it."""
    RESET = ("Reboot", "b", "false")
    """A reboot, unless an inhibitor forbids it."""


class Enterable(Protocol):
    """A machine that commands can be run in."""

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` inside; raises ``MachineFailedError`` when the machine is off."""
        ...


def press(machine: Enterable, button: Button) -> bool:
    """Whether logind heard it, be it that it refused. Early in boot and late in shutdown nobody hears."""
    try:
        run(machine.inside([*_CALL, *button.value]), timeout=10)
    except MachineFailedError:
        return False
    except CommandFailedError as error:
        return "Call failed" in str(error)
    return True
