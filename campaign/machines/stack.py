"""The stack of one schedule, with the settings that it begins with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from campaign.schedule.documents import Start
from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import checksum
from testbed.cluster import PROGRAM, Cluster

STACK = "campaign"
WORKLOAD, ADMIN = "workload", "admin"
"""The client that the schedule's clients are, and the one with the role root."""

QUICK: dict[str, Any] = {"healthTimeoutSeconds": 30, "dropletTimeoutSeconds": 30}
"""Time limits during the steps. Many runs meet a member that stays unhealthy, and need not wait long for it."""

PATIENT: dict[str, Any] = {"healthTimeoutSeconds": 120, "dropletTimeoutSeconds": None}
"""Time limits of the runs that must succeed."""

RECOVER = "python3 -ES /etc/etcd/prepare_cluster.py recover"
"""How a recovery of docs/recovery.md begins on a member's machine."""


def copy_program(program: Path, target: Path) -> None:
    """Copy the program, which other files may be beside, into a new folder."""
    target.mkdir()
    for name in PROGRAM:
        source = program / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)


class CampaignStack(Cluster):
    """A stack of the checkout's program."""

    def __init__(
        self, cloud: LocalCloud, folder: Path, start: Start, prefix: str, program: Path = CHECKOUT
    ) -> None:
        """Write the project into the empty ``folder``. The workload's keys begin with ``prefix``."""
        self._program = program
        self._workload: list[dict[str, Any]] = [
            {"name": ADMIN, "root": True},
            {"name": WORKLOAD, "permissions": [{"access": "readwrite", "prefix": prefix}]},
        ]
        self._more: list[dict[str, Any]] = []
        self.bundle = folder / "bundle"
        super().__init__(
            cloud,
            folder,
            STACK,
            domain=f"{STACK}.example.test",
            version=start.version,
            releaseSha256=checksum(start.version),
            size=start.size,
            volumeSize=None if start.has_volumes else 0,
            **({"auth": True, "clients": self._workload} if start.auth else {}),
            **PATIENT,
        )
        self.use_program(program)

    @property
    def has_auth(self) -> bool:
        """Whether the stack has clients with permissions."""
        return "etcd:clients" in self.settings

    @property
    def size(self) -> int:
        """The configured number of members."""
        return len(self.names)

    def save_files(self) -> None:
        """Save the files of the workload's client. The running clients use them from their next connection on."""
        self.save_client(WORKLOAD if self.has_auth else "", self.bundle)

    def add_client(self, name: str) -> None:
        """Configure one client more, which may read one key, and give the one before another permission."""
        for client in self._more:
            client["permissions"] = [{"access": "write", "key": f"/{client['name']}"}]
        self._more.append({"name": name, "permissions": [{"access": "read", "key": f"/{name}"}]})
        self.configure(clients=[*self._workload, *self._more])

    def copy_program(self, target: Path) -> None:
        """Copy the program into another folder, as another checkout has it, and use it from now on."""
        if not target.exists():
            copy_program(self._program, target)
        self.use_program(target)
