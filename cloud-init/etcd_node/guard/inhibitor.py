"""A block inhibitor of systemd-logind: while it is held, logind rejects a shutdown or reboot of this machine.

A child process holds it, ``systemd-inhibit``. Its command waits for the end of a pipe, so the child ends with this
process. systemd 257 and later reject root's own ``systemctl reboot`` as well. Earlier versions reject the power
button alone, which DigitalOcean presses to shut a droplet down.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

COMMAND = ("systemd-inhibit", "--what=shutdown", "--mode=block", "--who=etcd")

RETRY_INTERVAL = 2.0
"""Seconds to wait after a rejection by logind before the next try."""


class Inhibitor:
    """At most one inhibitor at a time. Tests replace ``systemd-inhibit`` by ``command``."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._reason = ""
        self._failed_at = -RETRY_INTERVAL

    @property
    def held(self) -> bool:
        """Whether a shutdown is blocked now."""
        return self._child is not None and self._child.poll() is None

    def hold(self, reason: str) -> bool:
        """Block the shutdown from now on. Returns whether it is blocked.

        logind grants no inhibitor while it is shutting down already.
        """
        if self.held and self._reason == reason:
            return True
        if time.monotonic() - self._failed_at < RETRY_INTERVAL:
            return self.held
        child = subprocess.Popen(
            [*self._command, f"--why={reason}", "sh", "-c", "echo held; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if child.stdout is None or child.stdout.readline() == b"":
            _end(child)
            self._failed_at = time.monotonic()
            return self.held
        # The earlier inhibitor goes only now, so the shutdown is blocked at every moment.
        self.release()
        self._child, self._reason = child, reason
        return True

    def release(self) -> None:
        """Allow the shutdown."""
        if self._child is not None:
            _end(self._child)
            self._child = None


def _end(child: subprocess.Popen[bytes]) -> None:
    # This closes the pipe. Then the command ends, and with it the inhibitor.
    child.communicate()
