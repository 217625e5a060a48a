"""A fork server on a copy of the code."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import components
import localcloud


@dataclass(frozen=True)
class ForkServer:
    process: subprocess.Popen[bytes]
    path: Path
    code: Path
    """The folder that contains its package and the program's."""

    def plugins(self) -> list[int]:
        return [int(child) for child in _children(self.process.pid)]


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def running_fork_server(folder: Path) -> Generator[ForkServer]:
    """Start one, and end it after the block."""
    code = folder / "code"
    program = Path(components.__path__[0])
    for source in (program, program.parent / "cloud-init", Path(localcloud.__path__[0])):
        shutil.copytree(source, code / source.name)
    path = folder / "plugins.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.plugins.fork_server", str(number)],
            pass_fds=[number],
            cwd=code,
            env={"PYTHONPATH": str(code)},
        )
    try:
        yield ForkServer(process, path, code)
    finally:
        process.kill()
        process.wait()
