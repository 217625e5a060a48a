"""The paths of a local cloud on the host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from localcloud.machines.errors import LocalCloudError

STATE_ROOT = Path("/var/lib/localcloud")
"""Holds the state of every local cloud."""
RUN_ROOT = Path("/run/localcloud")
"""Holds the files that exist only while a local cloud runs."""
NAMESPACE_PREFIX = "localcloud-"
"""What the names of the network namespaces of all local clouds begin with."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """The paths and names of one local cloud.

    Raises ``LocalCloudError`` unless the name has 1 to 40 lower-case letters, digits and inner hyphens: it is part of
    paths and host names.
    """

    name: str
    """The local cloud's name."""
    state_directory: Path | None = None
    """The folder of its state; ``None`` is ``/var/lib/localcloud/NAME``."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LocalCloudError(
                f"the local cloud's name is {self.name!r}: use 1 to 40 lower-case letters, digits and inner hyphens"
            )

    @property
    def state(self) -> Path:
        """What ``stop`` keeps: database, machines' root file systems, volumes, Pulumi's backend, logs."""
        return self.state_directory or STATE_ROOT / self.name

    @property
    def run(self) -> Path:
        """Files that exist only while the local cloud runs."""
        return RUN_ROOT / self.name

    @property
    def lock(self) -> Path:
        """The lock of the command that changes this local cloud."""
        return RUN_ROOT / f"{self.name}.lock"

    @property
    def namespace(self) -> str:
        """The name of the network namespace."""
        return f"{NAMESPACE_PREFIX}{self.name}"

    @property
    def namespace_files(self) -> Path:
        """Files that ``ip netns exec`` mounts over those of ``/etc``."""
        return Path("/etc/netns") / self.namespace

    @property
    def cgroup_mount(self) -> Path:
        """Mount point of the unified control group hierarchy, independent of the host's own mounts."""
        return self.run / "cgroup"

    @property
    def cgroup(self) -> Path:
        """The control group that holds every process of this local cloud."""
        return self.cgroup_mount / "localcloud" / self.name

    @property
    def machines(self) -> Path:
        """One directory per machine, named by droplet id."""
        return self.state / "machines"

    @property
    def volumes(self) -> Path:
        """One sparse image per volume."""
        return self.state / "volumes"

    @property
    def releases(self) -> Path:
        """The mirror of etcd's releases."""
        return self.state / "releases"

    @property
    def objects(self) -> Path:
        """The objects and accounts of the object store."""
        return self.state / "objects"

    @property
    def logs(self) -> Path:
        """Logs of the daemons."""
        return self.state / "logs"

    @property
    def pulumi_backend(self) -> Path:
        """Pulumi's state."""
        return self.state / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's home. The user's own home of Pulumi is neither used nor changed."""
        return self.state / "pulumi-home"

    @property
    def run_logs(self) -> Path:
        """What runs of Pulumi write for the console, if it has made a folder for their stack in here."""
        return self.state / "run-logs"

    @property
    def commands(self) -> Path:
        """The first directory on PATH inside the local cloud."""
        return self.state / "bin"

    @property
    def control_socket(self) -> Path:
        """The control API's unix socket."""
        return self.run / "control.sock"

    @property
    def plugin_socket(self) -> Path:
        """The unix socket through which Pulumi's stand-in providers are started."""
        return self.run / "plugins.sock"
