"""The folders of this user. The module needs no package, since ``make`` uses it before it installs any."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from localcloud.toolchain.errors import ToolchainError


def home() -> Path:
    """Return the user's home: HOME, or without it, as in a service of systemd, that of the system's list of users.

    Raises ``ToolchainError`` if both are missing.
    """
    if given := os.environ.get("HOME"):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError as error:
        raise ToolchainError(
            f"HOME is not set, and the system knows no user with the id {os.getuid()}: "
            "set HOME to a folder that this user can write"
        ) from error


def cache_root() -> Path:
    """Return the folder of the cache. It may not exist yet."""
    # The specification tells programs to ignore a path that is not absolute:
    # https://specifications.freedesktop.org/basedir-spec/latest/
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if given.startswith("/") else home() / ".cache") / "etcd-localcloud"
