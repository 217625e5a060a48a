"""A process that runs inside the local cloud and takes orders through a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Self

from localcloud.cloud import LocalCloud
from testbed.errors import TestbedError


class Pipe:
    """The end of a pipe to a process that takes orders."""

    def __init__(self, program: str, process: subprocess.Popen[str], kill: Callable[[], object]) -> None:
        self._program = program
        self._process = process
        self._kill = kill

    def order(self, order: str, **details: Any) -> Any:
        """Send an order and return its answer. Raises ``TestbedError`` with the reason if there is none."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TestbedError(f"{self._program} was started without pipes")
        stdin.write(json.dumps({"order": order, **details}) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise TestbedError(f"{self._program} has ended")
        answer = json.loads(line)
        if "problem" in answer:
            raise TestbedError(f"{self._program}, {order}: {answer['problem']}")
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()


class Process(Pipe):
    """This end of the pipe to a process inside the local cloud."""

    def __init__(self, cloud: LocalCloud, command: Sequence[str], *, program: str = "") -> None:
        begun = cloud.begin(
            command,
            # On the machines' disk, so that the writer notices when that disk stalls.
            cwd=cloud.layout.state,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        super().__init__(program or command[0], begun.process, begun.kill)


class Agent(Process):
    """A Python module."""

    def __init__(self, cloud: LocalCloud, module: str, *arguments: str) -> None:
        super().__init__(cloud, [sys.executable, "-m", module, *arguments], program=module)
