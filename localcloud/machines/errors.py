"""What a user of the local cloud reads when something cannot be done."""

from __future__ import annotations


class LocalCloudError(RuntimeError):
    """Something cannot be done. The text is one line: what, why and the way out."""


class CommandFailedError(LocalCloudError):
    """A host tool failed. The text has the command and the last line it wrote."""


class MachineFailedError(LocalCloudError):
    """A machine does not do what was asked. The text has what was last seen of it."""
