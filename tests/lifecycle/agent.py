"""A module of this folder that runs inside the local cloud and obeys orders."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Self

from localcloud.cloud import LocalCloud


class Agent:
    """The tests' end of the pipe."""

    def __init__(self, cloud: LocalCloud, module: str, *arguments: str) -> None:
        self._module = module
        self._command = cloud.begin(
            [sys.executable, "-m", f"tests.lifecycle.{module}", *arguments],
            # On the disk of the machines, where the writer sees whether that stands still.
            cwd=cloud.layout.state,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: str, **details: Any) -> Any:
        """The answer; the test fails when there is none, with the reason or with the process's own error output."""
        pipe = self._command.process
        assert pipe.stdin is not None
        assert pipe.stdout is not None
        pipe.stdin.write(json.dumps({"order": order, **details}) + "\n")
        pipe.stdin.flush()
        line = pipe.stdout.readline()
        assert line, f"{self._module} has ended"
        answer = json.loads(line)
        assert "problem" not in answer, f"{self._module}, {order}: {answer['problem']}"
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._command.kill()
