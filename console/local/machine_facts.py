"""What a machine tells from outside: its units, its guard, and the files of its etcd."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509

from components.etcd.node_report import last_words
from console.view.members import Certificate
from localcloud.machines.journal import journal_command
from localcloud.machines.machine import NspawnMachine

ETC = "etc/etcd"
"""Path of etcd's files, relative to a machine's root."""
DATA = "var/lib/etcd/data/member"
QUOTA = "ETCD_QUOTA_BACKEND_BYTES"
JOURNAL_SECONDS = 5.0
T = TypeVar("T")

_CERTIFICATES = {"server": "server", "peer": "peer", "management": "client", "ca": "ca", "peer-ca": "ca"}
"""Names of files with certificates, and their purposes."""


@dataclass(frozen=True)
class MachineFacts:
    """A machine that is on, at one moment."""

    etcd: bool
    """Whether its etcd runs."""
    preparing: bool
    """Whether ``preparecluster`` runs: it installs etcd, and waits until it may bootstrap or join."""
    guarded: bool
    """Whether its guard runs."""
    blocks: str
    """Why it blocks its shutdown; empty if it does not."""
    quota_bytes: int | None
    certificates: tuple[Certificate, ...]


class MachineFiles:
    """Reads one machine. It keeps what files said until they change."""

    def __init__(self, machine: NspawnMachine) -> None:
        self.machine = machine
        self._read: dict[Path, tuple[int, Any]] = {}

    @property
    def etc(self) -> Path:
        """The folder with etcd's certificates."""
        return self.machine.upper / ETC

    def context(self) -> ssl.SSLContext:
        """What a client of this machine's etcd needs. Raises ``OSError`` while the machine has no certificates.

        The server's certificate is valid as a client's, and has no common name, so etcd answers it with authentication
        on, too.
        """
        context = ssl.create_default_context(cafile=str(self.etc / "ca.pem"))
        context.load_cert_chain(self.etc / "server.pem", self.etc / "server-key.pem")
        return context

    def facts(self) -> MachineFacts:
        """The facts now."""
        guard = self.machine.unit("etcd-guard.service")
        return MachineFacts(
            etcd=self.machine.unit("etcd.service").populated(),
            preparing=self.machine.unit("preparecluster.service").populated(),
            guarded=guard.populated(),
            blocks=next((why for process in guard.processes() if (why := _reason(process))), ""),
            quota_bytes=self._quota(),
            certificates=self._certificates(),
        )

    def has_data(self) -> bool:
        """Whether the running machine has a member's data."""
        leader = self.machine.leader()
        # The data volume is mounted inside the machine alone.
        return leader is not None and (Path(f"/proc/{leader}/root") / DATA).exists()

    def last_words(self, *units: str) -> str:
        """The last line of these units in the machine's own journal since its last boot; empty without one."""
        options = ["--quiet", "--boot", "--lines=1", "--output=cat"]
        options += [f"_SYSTEMD_UNIT={unit}.service" for unit in units]
        with suppress(OSError, subprocess.TimeoutExpired):
            read = subprocess.run(
                journal_command(self.machine, options),
                capture_output=True,
                timeout=JOURNAL_SECONDS,
                check=False,
            )
            return last_words(read.stdout.decode(errors="replace").splitlines())
        return ""

    def _quota(self) -> int | None:
        def parse(content: bytes) -> int | None:
            lines = (line.partition("=") for line in content.decode().splitlines())
            return next((int(value) for name, _, value in lines if name == QUOTA), None)

        return self._parsed(self.etc / "etcd-members", parse)

    def _certificates(self) -> tuple[Certificate, ...]:
        ends: dict[str, float] = {}
        for name, purpose in _CERTIFICATES.items():
            end = self._parsed(self.etc / f"{name}.pem", _first_end)
            if end is not None:
                ends[purpose] = min(end, ends.get(purpose, end))
        return tuple(Certificate.model_validate({"purpose": key, "ends": end}) for key, end in ends.items())

    def _parsed(self, path: Path, parse: Callable[[bytes], T]) -> T | None:
        """What a file says; ``None`` without the file."""
        try:
            changed = path.stat().st_mtime_ns
            if path not in self._read or self._read[path][0] != changed:
                self._read[path] = changed, parse(path.read_bytes())
        except (OSError, ValueError):
            return None
        return self._read[path][1]


def _first_end(content: bytes) -> float:
    certificates = x509.load_pem_x509_certificates(content)
    return min(one.not_valid_after_utc for one in certificates).timestamp()


def _reason(process: int) -> str:
    """Why a process blocks the shutdown, if it does: the guard's child is ``systemd-inhibit --why=REASON``."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    inhibits = Path(words[0]).name == "systemd-inhibit"
    return next((word.removeprefix("--why=") for word in words if inhibits and word.startswith("--why=")), "")
