"""Reads a machine's journal with the journalctl of its image, even if the machine is off."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.machines.machine import NspawnMachine

# The mount is visible to this command alone.
_SCRIPT = """
mount --bind "$1" "$2/mnt"
image=$2
shift 2
exec chroot "$image" journalctl --directory=/mnt "$@"
"""


def journal_command(machine: NspawnMachine, options: Sequence[str]) -> list[str]:
    """Return the command that prints the journal; ``options`` are those of journalctl."""
    private = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _SCRIPT, "journal"]
    return [*private, str(machine.upper / "var/log/journal"), str(machine.image.resolve()), *options]
