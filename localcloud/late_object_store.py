"""Builds the object store's program with low priority, and then starts the object store of a local cloud.

``localcloud start`` begins it, so that the first cluster waits for nothing that it does not need.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.object_store import ensure_object_store
from localcloud.toolchain.progress import say

_LOWEST = 19


@contextmanager
def low_priority() -> Generator[None]:
    """Leave the processors to others. Commands that begin in the block keep the low priority."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)
    # Linux shares time between sessions first (sched(7), The autogroup feature), and this process has its own.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_LOWEST))
    try:
        yield
    finally:
        # Refused to root without CAP_SYS_NICE, as in some containers.
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def main(name: str) -> None:
    """Build the program, unless it is built, and start the object store of the local cloud ``name``."""
    try:
        with low_priority():
            ensure_object_store()
        LocalCloud(name, say).complete_object_store()
    except (LocalCloudError, ToolchainError) as error:
        sys.exit(f"the object store does not start: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
