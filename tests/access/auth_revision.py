"""``python -m tests.access.auth_revision NAME BUNDLE``: says when users, roles or permissions change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testbed.etcd_client import Bundle, Connection, NoAnswer
from testbed.orders import obey


class AuthRevision:
    """The revision of one cluster's users and roles, which each change of them increases."""

    def __init__(self, name: str, bundle: Path) -> None:
        self._connection = Connection(name, Bundle(bundle))

    def now(self) -> int:
        """The revision."""
        return int(self._connection.authentication().revision)

    def reached(self, revision: int, seconds: float) -> bool:
        """Wait until the revision is at least this one; whether that came within some seconds."""
        return self._comes(lambda seen: seen.revision >= revision, seconds)

    def switched(self, on: bool, seconds: float) -> bool:
        """Wait until authentication is on or off; whether that came in time. Switching it on keeps the revision."""
        return self._comes(lambda seen: seen.enabled is on, seconds)

    def _comes(self, condition: Callable[[Any], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition(self._connection.authentication()):
                    return True
                # A change takes longer than this, and other tests need the processor.
                time.sleep(0.005)
            except NoAnswer as error:
                print(f"waiting for a change of users and roles: {error}", file=sys.stderr)
                time.sleep(0.1)
        return False


if __name__ == "__main__":
    asked = AuthRevision(sys.argv[1], Path(sys.argv[2]))
    obey({"now": asked.now, "reached": asked.reached, "switched": asked.switched})
