"""A machine's clock, moved for its processes.

The kernel has one real-time clock for all machines, and no namespace for it. But processes read it in the vDSO, a
page of the kernel's code that each of them has mapped. So this replaces the function in there, in each process, by one
that adds an offset. It works for static programs such as etcd as well, and is undone while they run.

The kernel's timers for a date do not move, and neither do the files' times. A process that begins is moved within a
second.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError, MachineFailedError
from testbed.cluster import Cluster
from testbed.faults.undo import undo

PERIOD = 0.5
"""Seconds between two looks for new processes."""
FREEZE_LIMIT = 10.0
"""Seconds for all processes to stop. One that writes to a busy disk stops later."""
LONGEST = 1024
"""Bytes that the kernel's function has at most."""
SIGNAL_FRAME = 8192
"""Bytes of a stack in which a signal's frame is found: the processor's state has up to three kilobytes."""


@contextmanager
def clock_moved(cluster: Cluster, member: str, seconds: int) -> Generator[None]:
    """Move the real-time clock of its processes, into the future or, with a negative number, into the past."""
    machine, vdso = cluster.cloud.machine(member), Vdso.of_this_kernel()
    if not machine.running:
        raise MachineFailedError(f"machine {member} is off")
    processes = Cgroup(cluster.cloud.layout.cgroup) / "machines" / str(machine.id) / "machine"
    moved = vdso.moved(seconds)
    ended = Event()

    def keep_moving() -> None:
        while not ended.wait(PERIOD):
            with suppress(LocalCloudError):
                vdso.write(processes, moved)

    watch = Thread(target=keep_moving, daemon=True)
    try:
        vdso.write(processes, moved)
        watch.start()
        yield
    finally:
        ended.set()
        if watch.is_alive():
            watch.join()
        undo(lambda: vdso.write(processes, vdso.original))


@dataclass(frozen=True)
class Vdso:
    """The place of ``clock_gettime`` in the vDSO of every 64-bit process, and its first instructions."""

    offset: int
    original: bytes

    @classmethod
    def of_this_kernel(cls) -> Vdso:
        """Find the function in this process."""
        if platform.machine() != "x86_64":
            raise MachineFailedError(f"no clock can be moved on {platform.machine()}: use x86_64")
        library = ctypes.CDLL("linux-vdso.so.1", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
        address = ctypes.cast(library["__vdso_clock_gettime"], ctypes.c_void_p).value or 0
        return cls(address - _mapped(os.getpid())[0], ctypes.string_at(address, len(cls.moved(0))))

    @staticmethod
    def moved(seconds: int) -> bytes:
        """Return the function that asks the kernel, and adds ``seconds`` to the answer of a real-time clock."""
        return (
            b"\xb8\xe4\x00\x00\x00"  # mov eax, 228 (clock_gettime)
            b"\x0f\x05"  # syscall
            b"\x85\xff"  # test edi, edi (CLOCK_REALTIME)
            b"\x74\x05"  # jz add
            b"\x83\xff\x05"  # cmp edi, 5 (CLOCK_REALTIME_COARSE)
            b"\x75\x0d"  # jne end
            b"\x48\xb9"
            + seconds.to_bytes(8, "little", signed=True)
            + b"\x48\x01\x0e"  # add: [rsi] += seconds
            b"\xc3"  # end: ret
        )

    def write(self, processes: Cgroup, code: bytes) -> None:
        """Write the function into each process of a group that has another one.

        Raises ``MachineFailedError`` if one of them cannot be stopped outside of it.
        """
        if all(self._has(process, code) for process in processes.processes()):
            return
        freezer = processes.path / "cgroup.freeze"
        deadline = time.monotonic() + FREEZE_LIMIT
        try:
            while True:
                freezer.write_text("1")
                while "frozen 1" not in (processes.path / "cgroup.events").read_text():
                    if time.monotonic() > deadline:
                        raise MachineFailedError(f"the processes of {processes.path} do not stop")
                    time.sleep(0.001)
                found = [one for one in processes.processes() if not self._has(one, code)]
                if not any(self._executed_by(process) for process in found):
                    for process in found:
                        self._replace(process, code)
                    return
                freezer.write_text("0")
                time.sleep(0.001)
        except FileNotFoundError:
            # The machine was powered off or rebooted.
            return
        finally:
            with suppress(OSError):
                freezer.write_text("0")

    def _has(self, process: int, code: bytes) -> bool:
        """Whether a process has this function already, or has ended."""
        try:
            with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
                memory.seek(_mapped(process)[0] + self.offset)
                return memory.read(len(code)) == code
        except (OSError, LookupError):
            return True

    def _replace(self, process: int, code: bytes) -> None:
        with suppress(OSError, LookupError), Path(f"/proc/{process}/mem").open("r+b", buffering=0) as memory:
            memory.seek(_mapped(process)[0] + self.offset)
            memory.write(code)

    def _executed_by(self, process: int) -> bool:
        """Whether a thread of a stopped process is in the function, by its program counter.

        Or it goes on there after a signal: then the counter is on its stack. Of a thread that runs, nothing is known.
        """
        with suppress(OSError, LookupError), Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
            begin = _mapped(process)[0] + self.offset
            # To replace what has not begun does no harm.
            function = range(begin + 1, begin + LONGEST)
            for task in Path(f"/proc/{process}/task").iterdir():
                # proc_pid_syscall(5): the last two fields are the stack pointer and the program counter.
                fields = (task / "syscall").read_text().split()
                if fields == ["running"]:
                    return True
                memory.seek(int(fields[-2], 16))
                stack = memory.read(SIGNAL_FRAME)
                words = (stack[at : at + 8] for at in range(0, len(stack) - 7, 8))
                if int(fields[-1], 16) in function or any(
                    int.from_bytes(word, "little") in function for word in words
                ):
                    return True
        return False


def _mapped(process: int) -> range:
    """The addresses of a process's vDSO. Raises ``LookupError`` if it has none, e.g. since it has ended."""
    for line in Path(f"/proc/{process}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            first, end = line.split()[0].split("-")
            return range(int(first, 16), int(end, 16))
    raise LookupError(process)
