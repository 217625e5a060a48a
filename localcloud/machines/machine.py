"""One machine on this host: its files, its processes, and a way in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import open_log, replace
from localcloud.machines.interface import Machine
from localcloud.machines.network import BRIDGE
from localcloud.machines.packet_filter import PORT_PREFIX
from localcloud.machines.seed import write_seed
from localcloud.machines.volumes import device_path

_BOOT_LIMIT = 20.0
_POLL = 0.01
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class MachineFailedError(RuntimeError):
    """A machine does not do what was asked. The text has what its console last said."""


@dataclass(frozen=True)
class Facts:
    """What is kept beside a machine's root file system."""

    id: int
    name: str
    addresses: tuple[IPv4Interface, ...]
    volumes: tuple[str, ...]


class NspawnMachine:
    """A machine that systemd-nspawn runs, known by its droplet's id."""

    def __init__(
        self, machine_id: int, *, machines: Path, cgroup: Cgroup, namespace: str, image: Path
    ) -> None:
        self.id = machine_id
        self.directory = machines / str(machine_id)
        self.port = f"{PORT_PREFIX}{self._label}"
        """The bridge's port that the machine's cable is in."""
        self._cgroup = cgroup / "machines" / str(machine_id)
        self._namespace = namespace
        self._image = image

    @property
    def exists(self) -> bool:
        """Whether it has a root file system."""
        return (self.directory / "upper").is_dir()

    @property
    def upper(self) -> Path:
        """What the machine changed on its root file system."""
        return self.directory / "upper"

    @property
    def running(self) -> bool:
        """Whether it is powered on; it stays so while it reboots."""
        return self._cgroup.populated()

    def facts(self) -> Facts:
        """What was written at the last power-on and since."""
        stored = json.loads((self.directory / "machine.json").read_text())
        return Facts(
            id=self.id,
            name=stored["name"],
            addresses=tuple(IPv4Interface(address) for address in stored["addresses"]),
            volumes=tuple(stored["volumes"]),
        )

    def prepare(self, machine: Machine) -> None:
        """Make the root file system and its seed, unless the machine has them."""
        if not self.exists:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in ("work", "root"):
                (self.directory / part).mkdir(exist_ok=True)
            unfinished = self.directory / "upper.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            write_seed(machine, unfinished)
            unfinished.rename(self.upper)
        addresses = [str(address) for address in (machine.public, machine.private) if address is not None]
        self._store({"name": machine.name, "addresses": addresses, "volumes": list(machine.volumes)})

    def set_volumes(self, volumes: Sequence[str]) -> None:
        """Note which volumes are attached."""
        facts = self.facts()
        addresses = [str(address) for address in facts.addresses]
        self._store({"name": facts.name, "addresses": addresses, "volumes": list(volumes)})

    def set_devices(self, devices: Mapping[str, str]) -> None:
        """Say which devices the next boot binds: volume name to the host's device."""
        arguments = [
            *("--quiet", "--boot", "--keep-unit", "--register=no", "--settings=no", "--link-journal=no"),
            *("--resolv-conf=off", "--timezone=off", "--console=read-only"),
            *(
                f"--directory={self.directory / 'root'}",
                f"--machine={self._label}",
                f"--network-bridge={BRIDGE}",
            ),
            *(f"--bind={device}:{device_path(name)}" for name, device in devices.items()),
        ]
        replace(
            self.directory / "nspawn.args", "".join(f"{argument}\n" for argument in arguments), mode=0o600
        )

    def boot(self) -> None:
        """Power it on and wait for its first process.

        Raises ``MachineFailedError`` when there is none.
        """
        self._cgroup.remove()
        self._cgroup.create()
        script = Path(__file__).parent / "supervise.sh"
        with open_log(self.console) as console:
            supervisor = subprocess.Popen(
                ["sh", script, self._cgroup.path, self._namespace, self._image, self.directory],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
                env={"PATH": _PATH},
            )
        deadline = time.monotonic() + _BOOT_LIMIT
        while self.leader() is None:
            if supervisor.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise MachineFailedError(
                    f"machine {self.id} does not start; its console says: {self.last_words()}"
                )
            time.sleep(_POLL)

    @property
    def console(self) -> Path:
        """What the machine and systemd-nspawn wrote to the console."""
        return self.directory / "console.log"

    def last_words(self) -> str:
        """The console's last line."""
        with suppress(OSError):
            lines = self.console.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "nothing"
        return "nothing"

    def leader(self) -> int | None:
        """The process id, on the host, of the machine's process 1; ``None`` while there is none."""
        payload = self._cgroup / "machine" / "payload"
        for group in (payload / "init.scope", payload):
            for process in group.processes():
                if _inner_id(process) == 1:
                    return process
        return None

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` as root inside the machine.

        Raises ``MachineFailedError`` when the machine is off.
        """
        leader = self.leader()
        if leader is None:
            raise MachineFailedError(f"machine {self.id} is off")
        environment = [f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8"]
        terminal = os.environ.get("TERM")
        if terminal:
            environment.append(f"TERM={terminal}")
        enter = ["nsenter", f"--target={leader}", "--all", "--wdns=/root"]
        return [*enter, "env", "--ignore-environment", *environment, *argv]

    def on_mounts(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` with the machine's view of the file system and the host's rights."""
        return ["nsenter", f"--target={self.leader()}", "--mount", *argv]

    def mounts_of(self, device_number: str) -> list[str]:
        """Where the machine has mounted a device, given as ``major:minor``; last mounted first."""
        leader = self.leader()
        if leader is None:
            return []
        lines = Path(f"/proc/{leader}/mountinfo").read_text().splitlines()
        fields = [line.split() for line in lines]
        return [_unescape(field[4]) for field in reversed(fields) if field[2] == device_number]

    def kill(self) -> None:
        """Cut the power."""
        self._cgroup.remove()

    def remove(self) -> None:
        """Cut the power and remove the root file system."""
        self.kill()
        if self.directory.exists():
            doomed = self.directory.with_name(f".{self.id}.deleted")
            self.directory.rename(doomed)
            shutil.rmtree(doomed)

    @property
    def _label(self) -> str:
        # Kept short: the bridge port's name, made from it, has at most 15 characters.
        return f"d{self.id}"

    def _store(self, facts: Mapping[str, object]) -> None:
        replace(self.directory / "machine.json", json.dumps(facts), mode=0o600)


def _inner_id(process: int) -> int | None:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
