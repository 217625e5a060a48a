"""logind's block inhibitor, which refuses a shutdown or a reboot of this machine for as long as it is held.

It is held by a child process, ``systemd-inhibit``, which ends with this one: its command waits for the end of a
pipe. systemd 257 and later refuse root's own ``systemctl reboot`` as well; earlier ones refuse the power button
alone, which is what the provider presses.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

COMMAND = ("systemd-inhibit", "--what=shutdown", "--mode=block", "--who=etcd")

PAUSE = 2.0
"""Seconds before logind is asked again after it refused."""


class Inhibitor:
    """At most one block at a time. ``command`` stands for ``systemd-inhibit`` in tests."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._reason = ""
        self._failed = -PAUSE

    @property
    def held(self) -> bool:
        """Whether a shutdown is refused now."""
        return self._child is not None and self._child.poll() is None

    def hold(self, reason: str) -> bool:
        """Refuse a shutdown from now on; whether logind agreed, which it does not while it shuts down already."""
        if self.held and self._reason == reason:
            return True
        if time.monotonic() - self._failed < PAUSE:
            return self.held
        child = subprocess.Popen(
            [*self._command, f"--why={reason}", "sh", "-c", "echo held; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if child.stdout is None or child.stdout.readline() == b"":
            _end(child)
            self._failed = time.monotonic()
            return self.held
        # Only now the one before: there is no moment without a block.
        self.release()
        self._child, self._reason = child, reason
        return True

    def release(self) -> None:
        """Let a shutdown pass."""
        if self._child is not None:
            _end(self._child)
            self._child = None


def _end(child: subprocess.Popen[bytes]) -> None:
    # Closes the pipe, upon which the command ends, and the block with it.
    child.communicate()
