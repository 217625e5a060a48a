"""Opens the console for the stack of a project."""

from __future__ import annotations

from pathlib import Path

import console
from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.operator import STACK
from localcloud.machines.stack import stack_of

_CODE = Path(console.__path__[0])


def open_console(cloud: LocalCloud, directory: Path, *, port: int | None = None) -> str:
    """Start the console of a local cloud that runs, and return its URL on the host.

    Raises ``LocalCloudError`` in the local cloud's own shell, if the folder is in no project, and as
    ``ConsoleProcess.ensure`` does.
    """
    cloud.check_outside("console")
    cloud.check_running()
    project = stack_of(cloud.layout, directory, STACK).directory
    return cloud.console.ensure(project, _CODE, port)


def resume_console(cloud: LocalCloud) -> str:
    """Start the console that ran when the local cloud was stopped, so that an open page connects again.

    Returns a line about it for the user; empty if there was none. A console that does not start is no failure.
    """
    try:
        url = cloud.console.resume(_CODE)
    except LocalCloudError as error:
        return f"the console, which ran before, does not run: {error}"
    return f"Console: {url}" if url else ""
