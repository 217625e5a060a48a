"""Shutdown and reboot requests to a machine's logind, over D-Bus.

A service inside the machine can block them with an inhibitor, even for root
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


class PowerRequest(Enum):
    """A method of logind and its arguments."""

    SHUTDOWN = ("PowerOff", "b", "false")
    """Shuts the machine down unless an inhibitor blocks it."""
    REBOOT = ("Reboot", "b", "false")
    """Reboots the machine unless an inhibitor blocks it."""


class Enterable(Protocol):
    """A machine in which commands can be run."""

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` inside; raises ``MachineFailedError`` if the machine is off."""
        ...


def send(machine: Enterable, request: PowerRequest) -> bool:
    """Send a request, and return whether logind received it, even if it then rejected it.

    Early in a boot and late in a shutdown no logind receives it.
    """
    try:
        run(machine.inside([*_CALL, *request.value]), timeout=10)
    except MachineFailedError:
        return False
    except CommandFailedError as error:
        return "Call failed" in str(error)
    return True
