"""A machine's journal, read by the journalctl of its own image: also when the machine is off."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.machines.machine import NspawnMachine

# The mount is seen by this command alone.
_SCRIPT = """
mount --bind "$1" "$2/mnt"
image=$2
shift 2
exec chroot "$image" journalctl --directory=/mnt "$@"
"""


def journal_command(machine: NspawnMachine, options: Sequence[str]) -> list[str]:
    """The command that prints the journal, with journalctl's own ``options``."""
    private = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _SCRIPT, "journal"]
    return [*private, str(machine.upper / "var/log/journal"), str(machine.image.resolve()), *options]
