"""What the console of a production stack shows, from where the operator of a local cloud stands."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Literal

from console.view.members import Member
from console.view.page import Page
from console.view.run import Run
from localcloud.checkout import CHECKOUT
from testbed.cluster import Cluster

LIMIT = 180.0


class ProductionView:
    """Keeps the newest page, and all that was shown before. It ends with a ``with`` block."""

    def __init__(self, cluster: Cluster) -> None:
        self.text = ""
        """All pages so far."""
        self.outcomes: set[tuple[str, str]] = set()
        """The commands of the runs that were shown, each with each of its outcomes."""
        self._page: Page | None = None
        self._errors = (cluster.folder / "production-view.txt").open("wb")
        self._command = cluster.cloud.begin(
            [
                *(sys.executable, "-m", "tests.console.local_cloud.printed_pages"),
                *(cluster.stack, str(cluster.folder)),
            ],
            cwd=cluster.folder,
            env={"PYTHONPATH": str(CHECKOUT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> ProductionView:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._command.kill()
        self._thread.join(LIMIT)
        self._errors.close()

    @property
    def run(self) -> Run:
        assert self._page is not None
        assert self._page.run is not None
        return self._page.run

    @property
    def members(self) -> list[Member]:
        return [] if self._page is None else self._page.members or []

    @property
    def problem(self) -> str:
        return "" if self._page is None else self._page.stack.problem

    @property
    def all_healthy(self) -> bool:
        return bool(self.members) and all(member.healthy for member in self.members)

    def shows(self, outcome: Literal["running", "succeeded", "interrupted", "failed", "refused"]) -> bool:
        return self._page is not None and self._page.run is not None and self._page.run.outcome == outcome

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, (
                f"no {what} within {LIMIT:g} s: {self._page and self._page.run}, {self.problem}"
            )
            assert self._thread.is_alive(), f"the console ended before {what}"
            time.sleep(0.05)

    def _follow(self) -> None:
        assert self._command.process.stdout is not None
        for line in self._command.process.stdout:
            self.text += line.decode()
            self._page = Page.model_validate_json(line)
            if (run := self._page.run) is not None:
                self.outcomes.add((run.command, run.outcome))
