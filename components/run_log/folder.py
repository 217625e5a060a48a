"""The folder that the runs of a stack write to, if a console has made it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

FOLDER_VARIABLE = "ETCD_RUN_LOG"
"""The environment variable that names another folder than that of the user. It holds one folder for each stack."""
SUFFIX = ".jsonl"
"""How the names of the files end. One file is one run, or one preview."""


def run_folder(project: str, stack: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of a stack. Its place is the same for all checkouts of one user.

    State that lasts longer than a program: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    home = environment.get("HOME") or str(Path.home())
    state = environment.get("XDG_STATE_HOME", "")
    # The specification tells programs to ignore a path that is not absolute.
    base = Path(state) if state.startswith("/") else Path(home) / ".local" / "state"
    root = Path(environment.get(FOLDER_VARIABLE) or base / "etcd-console")
    return root / project / stack


def is_private(folder: Path) -> bool:
    """Whether it is a folder that this user owns, and that nobody else can read. A link is none."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return stat.S_ISDIR(found.st_mode) and own and not found.st_mode & 0o077
