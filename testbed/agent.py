"""A process that runs inside the local cloud and takes orders from the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Self

from localcloud.cloud import LocalCloud


class Process:
    """The tests' end of the pipe."""

    def __init__(self, cloud: LocalCloud, command: Sequence[str]) -> None:
        self._program = command[0]
        self._command = cloud.begin(
            command,
            # On the machines' disk, so that the writer notices when that disk stalls.
            cwd=cloud.layout.state,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: str, **details: Any) -> Any:
        """Send an order and return its answer. Without an answer the test fails with the reason."""
        pipe = self._command.process
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
        self._command.kill()


class Agent(Process):
    """A Python module."""

    def __init__(self, cloud: LocalCloud, module: str, *arguments: str) -> None:
        super().__init__(cloud, [sys.executable, "-m", module, *arguments])
        self._program = module
