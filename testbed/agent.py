"""A process that runs inside the local cloud and takes orders from the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Self

from localcloud.cloud import LocalCloud


class Pipe:
    """The end of a pipe to a process that takes orders."""

    def __init__(self, program: str, process: subprocess.Popen[str], kill: Callable[[], object]) -> None:
        self._program = program
        self._process = process
        self._kill = kill

    def order(self, order: str, **details: Any) -> Any:
        """Send an order and return its answer. Without an answer the test fails with the reason."""
        pipe = self._process
        assert pipe.stdin is not None
        assert pipe.stdout is not None
        pipe.stdin.write(json.dumps({"order": order, **details}) + "\n")
        pipe.stdin.flush()
        line = pipe.stdout.readline()
        assert line, f"{self._program} has ended"
        answer = json.loads(line)
        assert "problem" not in answer, f"{self._program}, {order}: {answer['problem']}"
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()


class Process(Pipe):
    """The tests' end of the pipe to a process inside the local cloud."""

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
