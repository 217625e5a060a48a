"""A local cloud: DigitalOcean's and Cloudflare's stand-ins in a network namespace of this machine."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from localcloud.machines import cgroups
from localcloud.machines.api_process import ApiProcess
from localcloud.machines.background_command import Command
from localcloud.machines.backup_age import backup_state, summarize
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.client_choice import CLIENT
from localcloud.machines.console_process import ConsoleProcess
from localcloud.machines.errors import LocalCloudError, MachineFailedError
from localcloud.machines.etcd_health import etcd_health
from localcloud.machines.journal import journal_command
from localcloud.machines.layout import Layout
from localcloud.machines.lock import locked
from localcloud.machines.machine import Facts, NspawnMachine, known_machines, running_machines
from localcloud.machines.name_server import NameServer
from localcloud.machines.network import Network
from localcloud.machines.object_store import ObjectStore
from localcloud.machines.object_store_build import ObjectStoreBuild
from localcloud.machines.object_store_use import may_use_object_store
from localcloud.machines.operator import STACK, operator_environment
from localcloud.machines.plugin_process import PluginProcess
from localcloud.machines.prerequisites import check_host, check_system
from localcloud.machines.prometheus import Prometheus
from localcloud.machines.stack import find_stack
from localcloud.machines.volumes import Volumes
from localcloud.toolchain.commands import ensure_commands
from localcloud.toolchain.etcd import ensure_mirror
from localcloud.toolchain.image import ensure_image
from localcloud.toolchain.object_store import TYPICAL, built_object_store, ensure_object_store

SHUTDOWN_LIMIT = 20.0
"""Seconds after which ``stop`` cuts the power of machines that are still on."""

_COMMANDS_LIMIT = 5.0


@dataclass(frozen=True)
class MachineStatus:
    """The status of one machine."""

    id: int
    name: str
    addresses: tuple[str, ...]
    """The public and the private address, with prefix lengths."""
    power: str
    """``on`` or ``off``."""
    volumes: tuple[str, ...]
    etcd: str
    """``healthy``, the problem, or empty if the machine has no etcd."""
    why: str = ""
    """Why etcd does not serve, as its machine says; empty if it serves, or says nothing."""


@dataclass(frozen=True)
class Status:
    """The status of a local cloud."""

    name: str
    running: bool
    """Whether everything that ``start`` starts is ready."""
    problem: str
    """``stopped`` or the part that does not run; empty if all parts run."""
    machines: tuple[MachineStatus, ...]
    records: Mapping[str, tuple[str, ...]]
    """The records of the name server: FQDN to IPv4 addresses."""
    backup: str
    """The age of the newest backup in words; empty if the machines make none."""
    later: str = ""
    """The part that is still being built, and then starts by itself; empty if there is none."""


class LocalCloud:
    """The local cloud called ``name``, running or not.

    Each method can be interrupted and repeated; the next call continues. ``say`` gets one line for each slow step.
    Raises ``LocalCloudError`` with one line for the user if a step fails.
    """

    def __init__(self, name: str, say: Callable[[str], None] = lambda line: None) -> None:
        self.layout = Layout(name)
        self._say = say
        self._cgroup = Cgroup(self.layout.cgroup)
        self._network = Network(self.layout)
        self._names = NameServer(self.layout)
        self._api = ApiProcess(self.layout)
        self._plugins = PluginProcess(self.layout)
        self.prometheus = Prometheus(self.layout)
        self.console = ConsoleProcess(self.layout)
        self.objects = ObjectStore(self.layout)
        self._objects_build = ObjectStoreBuild(self.layout)

    @property
    def control(self) -> httpx.Client:
        """A client of the control API (docs/localcloud.md)."""
        return self._api.client()

    def start(self, *, object_store_later: bool = False) -> None:
        """Start the parts that do not run, and boot the machines that should run. It cleans up after a crash first.

        If the object store's program is not built, ``object_store_later`` builds it in the background.
        """
        check_host()
        self.check_outside("start")
        with locked(self.layout.lock, "start", self._say):
            image = ensure_image()
            object_store = built_object_store() if object_store_later else ensure_object_store()
            for directory in (self.layout.state, self.layout.pulumi_backend, self.layout.pulumi_home):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            ensure_mirror(self.layout.releases)
            ensure_commands(self.layout.commands, self.layout.pulumi_home)
            cgroups.mount(self.layout.cgroup_mount)
            self._cgroup.create()
            if not self._network.complete():
                # Processes of a missing or incomplete namespace cannot be reached any more.
                self._cgroup.remove()
                self._say("making the network namespace")
                self._network.ensure()
            self._remove_ended()
            self._names.ensure()
            self._plugins.ensure()
            if object_store is not None:
                self.objects.ensure(object_store)
            else:
                self._say(
                    f"building the S3 server in the background ({TYPICAL}, once): backups begin when it runs; "
                    f"its log is {self._objects_build.log}"
                )
                self._objects_build.ensure()
            if not self._api.ready():
                self._say("starting the APIs and booting the machines that should run")
            self._api.ensure(image)

    def complete_object_store(self) -> None:
        """Wait until the object store runs. If nobody builds its program, build it here."""
        server = ensure_object_store()
        with locked(self.layout.lock, "start", self._say):
            self.check_running()
            self.objects.ensure(server)

    def await_object_store(self, argv: Sequence[str] = (), cwd: Path | None = None) -> None:
        """Wait for an object store that is still being built, if a command may use it. No ``argv`` is any command."""
        self.check_running()
        if self.objects.running() or (built_object_store() is not None and not self._objects_build.running()):
            return
        stack = find_stack(self.layout, (cwd or Path.cwd()).resolve(), STACK)
        if argv and not may_use_object_store(argv, stack):
            return
        self._say("waiting for the S3 server, which keeps the backups and is still being built")
        self._objects_build.hurry()
        self.complete_object_store()

    def stop(self) -> None:
        """Shut the machines down, and remove everything except the state."""
        check_system()
        self.check_outside("stop")
        with locked(self.layout.lock, "stop", self._say):
            self._tear_down(cleanly=True)

    def reset(self) -> None:
        """Remove everything, including the state."""
        check_system()
        self.check_outside("reset")
        with locked(self.layout.lock, "reset", self._say):
            self._tear_down(cleanly=False)
            if self.layout.state.exists():
                self._say(f"removing {self.layout.state}")
                shutil.rmtree(self.layout.state)
            self.layout.lock.unlink(missing_ok=True)

    def status(self) -> Status:
        """Return the current status."""
        check_system()
        problem = self._problem()
        facts = self._machines()
        machines = sorted(facts, key=lambda machine: facts[machine].name)
        with ThreadPoolExecutor(max_workers=8) as pool:
            shown = tuple(pool.map(_machine_status, machines, [facts[machine] for machine in machines]))
        records = self._names.answers() if problem is None else {}
        states = ((facts[machine].name, backup_state(machine)) for machine in machines)
        running = {facts[machine].name for machine in machines if machine.running}
        known = ((name, state) for name, state in states if state is not None)
        backup = summarize(known, running=running)
        return Status(self.layout.name, problem is None, problem or "", shown, records, backup, self._later())

    def check_running(self) -> None:
        """Raise ``LocalCloudError`` if commands cannot run inside, because the local cloud is stopped."""
        check_system()
        if not self._network.complete():
            raise LocalCloudError(
                f"local cloud {self.layout.name} is not running: run make up or .venv/bin/localcloud start"
            )

    def check_outside(self, command: str) -> None:
        """Raise ``LocalCloudError`` if this process runs inside a local cloud, as in its shell.

        What a command makes there, sockets and namespaces, does not exist outside.
        """
        if self._network.surrounds():
            raise LocalCloudError(
                f"localcloud {command} cannot run inside a local cloud: exit its shell first"
            )

    def machine(self, name: str) -> NspawnMachine:
        """Return the machine with this droplet name, first label of a name, or id."""
        check_system()
        machines = {machine: facts.name for machine, facts in self._machines().items()}
        exact = [machine for machine, known in machines.items() if name in {known, str(machine.id)}]
        found = exact or [machine for machine, known in machines.items() if known.split(".")[0] == name]
        if len(found) != 1:
            existing = ", ".join(sorted(machines.values())) or "none"
            problem = "does not exist" if not found else "is not unique: use its full name or id"
            raise LocalCloudError(f"machine {name} {problem} (machines: {existing})")
        return found[0]

    def exec(self, machine: str, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command as root inside a machine; ``options`` are those of ``subprocess.run``."""
        found = self.machine(machine)
        if not found.running:
            self.check_running()
            raise MachineFailedError(f"machine {machine} is off: run make up, or pulumi up in make shell")
        return _completed(found.inside(argv), **options)

    def logs(
        self, machine: str, *journalctl: str, follow: bool = False, **options: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Print a machine's journal with options of journalctl, even if the machine is off.

        With ``follow``, a machine that is on prints what comes as well.
        """
        found = self.machine(machine)
        if follow and found.leader() is not None:
            # On the host, journalctl does not notice what a machine writes through its overlay.
            return _completed(found.inside(["journalctl", "--follow", *journalctl]), **options)
        if not (found.upper / "var/log/journal").is_dir():
            raise MachineFailedError(f"machine {machine} has no journal yet")
        return _completed(journal_command(found, journalctl), **options)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command inside the namespace, with the environment that Pulumi needs and then ``env``.

        If ``cwd`` belongs to a Pulumi project, its stack is created. If the stack has a cluster, etcdctl's variables
        are set, except for ``pulumi`` itself: ``LOCALCLOUD_CLIENT`` in the environment chooses their client.
        ``options`` are those of ``subprocess.run``.
        """
        directory, environment = self._working_environment(argv, cwd, env)
        return self._inside(argv, directory, environment, **options)

    def environment(self, argv: Sequence[str]) -> dict[str, str]:
        """Return the environment with which ``run`` would run a command in the current folder."""
        return self._working_environment(argv, None, None)[1]

    def begin(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Command:
        """Start a command like ``run``, without waiting for its end; ``options`` are those of ``subprocess.Popen``."""
        directory, environment = self._working_environment(argv, cwd, env)
        group = self._cgroup / "commands" / uuid.uuid4().hex
        return Command(group, self._network.inside(*argv), cwd=directory, env=environment, **options)

    def _working_environment(
        self, argv: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None
    ) -> tuple[Path, dict[str, str]]:
        """Return the folder and the environment of a command inside the namespace."""
        self.check_running()
        directory = (cwd or Path.cwd()).resolve()
        environment = operator_environment(self.layout) | dict(env or {})
        stack = find_stack(self.layout, directory, environment["PULUMI_STACK"])
        if stack is not None:

            def quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
                return self._inside(command, stack.directory, environment, capture_output=True, text=True)

            stack.create(quietly)
            # Pulumi does not need etcdctl's variables, and reading them takes another run of Pulumi.
            if argv[0] != "pulumi":
                environment = stack.etcdctl_environment(quietly, environment.get(CLIENT, "")) | environment
        return directory, environment

    def _inside(
        self, argv: Sequence[str], directory: Path, environment: Mapping[str, str], **options: Any
    ) -> subprocess.CompletedProcess[Any]:
        commands = self._cgroup / "commands"
        commands.create()
        command = commands.entering(self._network.inside(*argv))
        return _completed(command, cwd=directory, env=environment, **options)

    def _machines(self) -> dict[NspawnMachine, Facts]:
        found: dict[NspawnMachine, Facts] = {}
        for machine in known_machines(self.layout):
            # A machine that is being created or deleted has no facts.
            with suppress(FileNotFoundError):
                found[machine] = machine.facts()
        return found

    def _later(self) -> str:
        if self.objects.running() or not self._objects_build.running():
            return ""
        return "the S3 server is still being built: backups begin by themselves when it runs"

    def _problem(self) -> str | None:
        """Return ``stopped``, the first part that does not run, or ``None`` if all run."""
        if not self._cgroup.populated() and not self._network.exists():
            return "stopped"
        store = "its object store does not run"
        if built_object_store() is None:
            store = f"its object store is not built ({self._objects_build.last_line()})"
        parts = {
            "its network does not exist": self._network.complete,
            "its name server does not run": self._names.running,
            store: lambda: self.objects.running() or self._objects_build.running(),
            "its plugin process does not run": self._plugins.running,
            "its API is not ready": self._api.ready,
        }
        return next((problem for problem, is_running in parts.items() if not is_running()), None)

    def _remove_ended(self) -> None:
        for group in (self._cgroup / "machines").children():
            if not group.populated():
                group.remove()

    def _tear_down(self, *, cleanly: bool) -> None:
        if self.layout.cgroup_mount.exists():
            cgroups.mount(self.layout.cgroup_mount)
            self._end_commands()
            # Its pages keep what they saw before the rest ends.
            self.console.stop()
            # Before the machines: otherwise the API would record that the droplets were shut down.
            self._api.stop()
            if cleanly:
                asyncio.run(self._shut_down_machines())
            self._cgroup.remove()
            with suppress(OSError):
                # The parent is removed with the last local cloud.
                self._cgroup.path.parent.rmdir()
        self._network.remove()
        Volumes(self.layout.volumes).disconnect_all()
        cgroups.unmount(self.layout.cgroup_mount)
        shutil.rmtree(self.layout.run, ignore_errors=True)

    def _end_commands(self) -> None:
        commands = self._cgroup / "commands"
        if commands.populated():
            self._say("ending commands that still run inside")
            commands.signal(signal.SIGHUP)
            commands.wait_empty(_COMMANDS_LIMIT)
            commands.remove()

    async def _shut_down_machines(self) -> None:
        machines = running_machines(self.layout)
        if machines:
            self._say(f"shutting down {len(machines)} machine{'s' * (len(machines) > 1)}")
        # All machines shut down, so etcd's guard must not block any of them.
        stops = (machine.halt(SHUTDOWN_LIMIT) for machine in machines)
        for machine, is_off in zip(machines, await asyncio.gather(*stops), strict=True):
            if not is_off:
                self._say(f"cutting the power of machine {machine.id}: still on after {SHUTDOWN_LIMIT:.0f} s")


def _completed(argv: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[Any]:
    runner: Callable[..., subprocess.CompletedProcess[Any]] = subprocess.run
    return runner(argv, check=False, **options)


def _machine_status(machine: NspawnMachine, facts: Facts) -> MachineStatus:
    power = "on" if machine.running else "off"
    health = etcd_health(machine)
    return MachineStatus(
        machine.id, facts.name, facts.addresses, power, facts.volumes, health.state, health.why
    )
