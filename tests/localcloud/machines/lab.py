"""A machine host without the APIs: tests call it directly."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, TypeVar

from localcloud.cloud import LocalCloud
from localcloud.machines import cgroups
from localcloud.machines.interface import Machine
from localcloud.machines.name_server import NameServer
from localcloud.machines.network import Network
from localcloud.machines.nspawn import NspawnHost
from localcloud.toolchain.image import ensure_image

T = TypeVar("T")

FIRST_BOOT = """\
#cloud-config
write_files:
  - {path: /etc/motto, content: "%s", permissions: "0640"}
runcmd:
  - echo booted >>/root/first-boots
  - touch /run/first-boot-done
"""

BOOTED = """grep -qs '"errors": \\[\\]' /run/cloud-init/result.json && echo booted"""
"""A script that prints "booted" when cloud-init has finished without an error.

``cloud-init status`` says the same, and takes half a second of the processor.
"""


class Lab:
    """A local cloud's network and name server, with a machine host."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        layout = cloud.layout
        layout.state.mkdir(parents=True, exist_ok=True)
        cgroups.mount(layout.cgroup_mount)
        Network(layout).ensure()
        NameServer(layout).ensure()
        self.host = NspawnHost(layout.name, layout.state, ensure_image())

    def do(self, *calls: Coroutine[Any, Any, T]) -> list[T]:
        """Await calls concurrently."""

        async def together() -> list[T]:
            return await asyncio.gather(*calls)

        return asyncio.run(together())

    def boot(self, *machines: Machine) -> None:
        """Power machines on, and wait until cloud-init has finished."""
        self.do(*(self.host.power_on(machine) for machine in machines))
        for machine in machines:
            self.await_boot(machine.id)

    def await_boot(self, machine_id: int) -> None:
        eventually(
            lambda: self.output(machine_id, BOOTED) == "booted",
            f"machine {machine_id} to boot",
            90,
        )

    def sh(self, machine_id: int, script: str, limit: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a script as root inside a machine."""
        argv = self.host.machine(machine_id).inside(["sh", "-c", script])
        return subprocess.run(argv, capture_output=True, text=True, timeout=limit, check=False)

    def output(self, machine_id: int, script: str, limit: float = 60) -> str:
        """Run a script inside a machine, and return its output."""
        return self.sh(machine_id, script, limit).stdout.strip()

    def outside(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace, as the operator does."""
        return self.cloud.run(argv, cwd=Path("/"), capture_output=True, text=True, timeout=60)


def machine(number: int, **changes: Any) -> Machine:
    """Return machine 1, 2, 3 and so on. Its addresses end in 10 plus the number."""
    values: dict[str, Any] = {
        "id": 1000 + number,
        "name": f"etcd-server-{number}.example.test",
        "public": IPv4Interface(f"203.0.113.{10 + number}/24"),
        "private": IPv4Interface(f"10.114.0.{10 + number}/20"),
        "user_data": FIRST_BOOT % f"machine {number}",
    }
    return Machine(**values | changes)


def eventually(condition: Callable[[], bool], what: str, limit: float = 30.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit:g} s for {what}")
        time.sleep(0.05)
