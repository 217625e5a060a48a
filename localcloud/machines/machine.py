"""One machine on this host: its files, its processes, and how to run commands inside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Interface
from pathlib import Path

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import MachineFailedError
from localcloud.machines.files import open_log, replace
from localcloud.machines.interface import Machine
from localcloud.machines.layout import Layout
from localcloud.machines.logind import PowerRequest, send
from localcloud.machines.network import BRIDGE
from localcloud.machines.packet_filter import PORT_PREFIX
from localcloud.machines.seed import write_seed
from localcloud.machines.volumes import device_path

_BOOT_LIMIT = 20.0
_POLL = 0.01
_REPEAT = 0.2

# Starts poweroff.target: https://www.freedesktop.org/software/systemd/man/latest/systemd.html#SIGRTMIN+4
_POWEROFF_SIGNAL = signal.SIGRTMIN + 4
_IN_CHILD = '"$@"; exit "$?"'
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Facts:
    """The facts about a machine that are stored beside its root file system."""

    name: str
    addresses: tuple[str, ...]
    """The public and the private address, each with its prefix length."""
    volumes: tuple[str, ...]


class NspawnMachine:
    """A machine that systemd-nspawn runs; its id is the droplet's."""

    def __init__(self, machine_id: int, layout: Layout) -> None:
        self.id = machine_id
        self.directory = layout.machines / str(machine_id)
        # Short, because the name of the bridge port contains it and has at most 15 characters.
        self._label = f"d{machine_id}"
        self._cgroup = Cgroup(layout.cgroup) / "machines" / str(machine_id)
        self._namespace = layout.namespace

    @property
    def exists(self) -> bool:
        """Whether the machine has a root file system."""
        return self.upper.is_dir()

    @property
    def running(self) -> bool:
        """Whether the machine is powered on. It is while it reboots."""
        return self._cgroup.populated()

    @property
    def paused(self) -> bool:
        """Whether the machine is paused."""
        return self._cgroup.frozen()

    @property
    def upper(self) -> Path:
        """The machine's changes to its root file system."""
        return self.directory / "upper"

    @property
    def image(self) -> Path:
        """The image below its root file system. A newer image cannot replace it."""
        return self.directory / "image"

    @property
    def console(self) -> Path:
        """The output of the machine and of systemd-nspawn."""
        return self.directory / "console.log"

    @property
    def port(self) -> str:
        """The machine's port of the bridge."""
        return f"{PORT_PREFIX}{self._label}"

    def facts(self) -> Facts:
        """Return the stored facts."""
        stored = json.loads((self.directory / "machine.json").read_text())
        return Facts(stored["name"], tuple(stored["addresses"]), tuple(stored["volumes"]))

    def save_facts(self, facts: Facts) -> None:
        """Replace the stored facts."""
        stored = {"name": facts.name, "addresses": facts.addresses, "volumes": facts.volumes}
        replace(self.directory / "machine.json", json.dumps(stored), mode=0o600)

    def prepare(self, machine: Machine, image: Path) -> None:
        """Make the root file system over ``image`` with its seed, unless they exist, and store the facts."""
        if not self.exists:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in ("work", "root"):
                (self.directory / part).mkdir(exist_ok=True)
            self.image.unlink(missing_ok=True)
            self.image.symlink_to(image)
            unfinished = self.directory / "upper.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            write_seed(machine, unfinished)
            unfinished.rename(self.upper)
        addresses = tuple(str(address) for address in addresses_of(machine))
        self.save_facts(Facts(machine.name, addresses, machine.volumes))

    def bind(self, devices: Mapping[str, str]) -> None:
        """Set the devices of the next boot: volume name to the host's device."""
        arguments = [
            *("--quiet", "--boot", "--keep-unit", "--register=no", "--settings=no", "--link-journal=no"),
            *("--resolv-conf=off", "--timezone=off", "--console=read-only"),
            *(f"--directory={self.directory / 'root'}", f"--machine={self._label}"),
            f"--network-bridge={BRIDGE}",
            *(f"--bind={device}:{device_path(name)}" for name, device in devices.items()),
        ]
        replace(self.directory / "nspawn.args", "".join(f"{line}\n" for line in arguments), mode=0o600)

    def boot(self) -> None:
        """Power the machine on and wait for its first process.

        Raises ``MachineFailedError`` if it does not start.
        """
        if not self.image.is_dir():
            raise MachineFailedError(
                f"machine {self.id} needs the image {self.image.readlink()}, which was deleted: "
                "run .venv/bin/localcloud reset, and then make up"
            )
        self._cgroup.remove()
        self._remove_port()
        self._cgroup.create()
        script = Path(__file__).parent / "supervise.sh"
        with open_log(self.console) as console:
            supervisor = subprocess.Popen(
                ["sh", script, self._cgroup.path, self._namespace, self.image.resolve(), self.directory],
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
                    f"machine {self.id} does not start; last line of its console: {self._last_line()}"
                )
            time.sleep(_POLL)

    async def shutdown(self, timeout: float) -> bool:
        """Request a shutdown; return whether the machine is off in ``timeout`` seconds. An inhibitor can block it."""
        request = partial(send, self, PowerRequest.SHUTDOWN)
        return await self._until(lambda: not self.running, request, timeout)

    async def halt(self, timeout: float) -> bool:
        """Shut down cleanly despite inhibitors; return whether the machine is off in ``timeout`` seconds."""
        return await self._until(lambda: not self.running, self._start_poweroff_target, timeout)

    async def restart(self, timeout: float) -> bool:
        """Reboot cleanly; return whether the machine rebooted or is off in ``timeout`` seconds."""
        before = self.leader()
        return await self._until(
            lambda: not self.running or self.leader() not in {before, None},
            partial(send, self, PowerRequest.REBOOT),
            timeout,
        )

    async def _until(self, reached: Callable[[], bool], request: Callable[[], bool], timeout: float) -> bool:
        """Send the request until it is received once, and wait for its effect; return whether it came in time."""
        deadline = time.monotonic() + timeout
        received = False
        while not reached():
            if not received:
                received = await asyncio.to_thread(request)
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL)
        return True

    def _start_poweroff_target(self) -> bool:
        leader = self.leader()
        with suppress(ProcessLookupError):
            if leader is not None:
                os.kill(leader, _POWEROFF_SIGNAL)
        # Process 1 misses the signal early in a boot. A repeated signal does no harm.
        time.sleep(_REPEAT)
        return False

    def pause(self) -> None:
        """Stop all processes where they are: connections stay open, and nothing answers.

        Raises ``MachineFailedError`` if the machine is off.
        """
        if not self.running:
            raise MachineFailedError(f"machine {self.id} is off")
        self._cgroup.freeze()

    def resume(self) -> None:
        """Let a paused machine go on."""
        self._cgroup.thaw()

    def _remove_port(self) -> None:
        """Remove the port that the machine had when it ran before.

        It goes with the machine's network, and the kernel keeps that until the other side has acknowledged what was
        sent: minutes, if the machine was cut off.
        """
        command = ["ip", "-netns", self._namespace, "link", "delete", self.port]
        subprocess.run(command, capture_output=True, check=False)

    def kill(self) -> None:
        """Cut the power."""
        self._cgroup.remove()

    def remove(self) -> None:
        """Cut the power and remove the root file system."""
        self.kill()
        deleted = self.directory.with_name(f".{self.id}.deleted")
        with suppress(FileNotFoundError):
            self.directory.rename(deleted)
        shutil.rmtree(deleted, ignore_errors=True)

    def leader(self) -> int | None:
        """Return the host's process id of the machine's process 1; ``None`` without one."""
        payload = self._cgroup / "machine" / "payload"
        for group in (payload / "init.scope", payload):
            for process in group.processes():
                if _inner_id(process) == 1:
                    return process
        return None

    def unit(self, name: str) -> Cgroup:
        """Return the control group of one of the machine's system units, running or not."""
        return self._cgroup / "machine" / "payload" / "system.slice" / name

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` as root inside the machine.

        Raises ``MachineFailedError`` if the machine is off.
        """
        leader = self.leader()
        if leader is None:
            raise MachineFailedError(f"machine {self.id} is off")
        environment = [
            f"PATH={_PATH}",
            "HOME=/root",
            "LANG=C.UTF-8",
            f"TERM={os.environ.get('TERM', 'dumb')}",
        ]
        # systemd stops all processes for a moment when the machine shuts down. With a child of its own, nsenter would
        # then stop for good, and the shutdown would wait for the child, which nobody reaps: a shell does.
        enter = ["nsenter", f"--target={leader}", "--all", "--no-fork", "--wdns=/root"]
        return [*enter, "env", "--ignore-environment", *environment, "sh", "-c", _IN_CHILD, "sh", *argv]

    def mounts_of(self, device_number: str) -> list[str]:
        """Return the mount points of a device, given as ``major:minor``; the latest mount first."""
        lines = Path(f"/proc/{self.leader()}/mountinfo").read_text().splitlines()
        fields = [line.split() for line in lines]
        return [_unescape(field[4]) for field in reversed(fields) if field[2] == device_number]

    def _last_line(self) -> str:
        with suppress(OSError):
            lines = self.console.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else "nothing"
        return "nothing"


def addresses_of(machine: Machine) -> tuple[IPv4Interface, ...]:
    """Return a machine's addresses, the public address first."""
    return (machine.public,) if machine.private is None else (machine.public, machine.private)


def known_machines(layout: Layout) -> list[NspawnMachine]:
    """Return all machines that have a root file system, on or off, sorted by id."""
    if not layout.machines.is_dir():
        return []
    ids = sorted(int(path.name) for path in layout.machines.iterdir() if path.name.isdecimal())
    return [machine for machine in (NspawnMachine(id_, layout) for id_ in ids) if machine.exists]


def running_machines(layout: Layout) -> list[NspawnMachine]:
    """Return all machines that are powered on."""
    groups = (Cgroup(layout.cgroup) / "machines").children()
    return [NspawnMachine(int(group.path.name), layout) for group in groups if group.populated()]


def _inner_id(process: int) -> int | None:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def _unescape(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
