"""``python -m tests.access.auth_revision NAME BUNDLE``: says when users, roles or permissions change."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.lifecycle.etcd_client import Bundle, Connection, NoAnswer
from tests.lifecycle.orders import obey


class AuthRevision:
    """The revision of one cluster's users and roles, which each change of them increases."""

    def __init__(self, name: str, bundle: Path) -> None:
        self._connection = Connection(name, Bundle(bundle))

    def now(self) -> int:
        """The revision."""
        return int(self._connection.authentication().revision)

    def reached(self, revision: int, seconds: float) -> bool:
        """Wait until the revision is at least this one; whether that came within some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.now() >= revision:
                    return True
            except NoAnswer as error:
                print(f"waiting for revision {revision}: {error}", file=sys.stderr)
                time.sleep(0.1)
        return False


if __name__ == "__main__":
    asked = AuthRevision(sys.argv[1], Path(sys.argv[2]))
    obey({"now": asked.now, "reached": asked.reached})
