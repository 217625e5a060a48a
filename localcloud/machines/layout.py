"""Where a local cloud keeps things on the host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from localcloud.machines.errors import LocalCloudError

STATE_ROOT = Path("/var/lib/localcloud")
RUN_ROOT = Path("/run/localcloud")

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """The paths and names that belong to one local cloud.

    Raises ``LocalCloudError`` when the name could not stand in a path and in a host name: 1 to 40 lower-case
    letters, digits and inner hyphens.
    """

    name: str
    """The local cloud's name."""
    state_directory: Path | None = None
    """Where it keeps its state; ``None`` is ``/var/lib/localcloud/NAME``."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LocalCloudError(
                f"local cloud name is {self.name!r}: use 1 to 40 lower-case letters, digits and inner hyphens"
            )

    @property
    def state(self) -> Path:
        """What survives ``stop``: database, machines' root file systems, volumes, Pulumi's backend, logs."""
        return self.state_directory or STATE_ROOT / self.name

    @property
    def run(self) -> Path:
        """What lives only while the local cloud runs."""
        return RUN_ROOT / self.name

    @property
    def lock(self) -> Path:
        """Held by the command that changes this local cloud."""
        return RUN_ROOT / f"{self.name}.lock"

    @property
    def namespace(self) -> str:
        """The network namespace's name."""
        return f"localcloud-{self.name}"

    @property
    def namespace_files(self) -> Path:
        """Files that ``ip netns exec`` lays over those of ``/etc``."""
        return Path("/etc/netns") / self.namespace

    @property
    def cgroup_mount(self) -> Path:
        """A mount of the unified control group hierarchy, wherever the host has its own."""
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
        """What the object store keeps, and its accounts."""
        return self.state / "objects"

    @property
    def logs(self) -> Path:
        """Logs of the API and the name server."""
        return self.state / "logs"

    @property
    def pulumi_backend(self) -> Path:
        """Pulumi's state."""
        return self.state / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's home, so that the user's own is neither used nor changed."""
        return self.state / "pulumi-home"

    @property
    def commands(self) -> Path:
        """The directory that comes first on PATH inside the local cloud."""
        return self.state / "bin"

    @property
    def control_socket(self) -> Path:
        """The control API's unix socket."""
        return self.run / "control.sock"

    @property
    def plugin_socket(self) -> Path:
        """Where Pulumi's stand-in providers are started."""
        return self.run / "plugins.sock"
