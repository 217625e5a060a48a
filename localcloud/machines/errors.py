"""Errors that a user of the local cloud reads."""

from __future__ import annotations


class LocalCloudError(RuntimeError):
    """A command of the local cloud failed. The text is one line: what is wrong, why, and what to do."""


class CommandFailedError(LocalCloudError):
    """A tool of the host failed. The text has the command and its last line of output."""


class CommandTimeoutError(CommandFailedError):
    """A tool of the host took too long."""


class MachineFailedError(LocalCloudError):
    """A machine did not do what was asked. The text has its last known state."""
