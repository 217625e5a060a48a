"""Reports what a run does to a console. Without a console, nothing is written. No failure here fails a run."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import pulumi

from .engine_run import ENGINE_RUN
from .events import Began, Event, Waited, Waiting
from .folder import run_folder
from .run_file import RunFile, new_file
from .secret_values import secret_values, without_secrets

REMEMBERED = 500
"""So many events are kept for a console that somebody opens while the run goes on."""


@dataclass
class _RunReport:
    folder: Path
    secrets: frozenset[str]
    preview: bool
    remembered: deque[str] = field(default_factory=lambda: deque[str](maxlen=REMEMBERED))
    file: RunFile | None = None
    waits: dict[str, str] = field(default_factory=dict[str, str])
    """The texts of the waits that go on, by their purposes."""
    failed: bool = False

    def add(self, event: Event) -> None:
        stamped = event.model_copy(update={"time": time.time()})
        self.remembered.append(without_secrets(stamped.model_dump_json(), self.secrets))
        self.write()

    def write(self) -> None:
        self.file = self.file or new_file(self.folder, preview=self.preview)
        if self.file is not None and self.remembered:
            self.file.append([*self.remembered])
            self.remembered.clear()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


_RUNS: MutableMapping[asyncio.AbstractEventLoop, dict[tuple[str, bool], _RunReport]] = WeakKeyDictionary()
"""The runs of this process, by event loop, by ``ENGINE_RUN`` and by whether they are previews."""


def report(event: Event) -> None:
    """Write an event, if a console has made the folder of the stack. It may do so while the run goes on."""
    with _never_failing() as run:
        if run is not None:
            run.add(event)


@contextmanager
def reported_wait(purpose: str) -> Generator[Callable[[str], None]]:
    """A wait. The function that it gives reports for what, and may be called often.

    ``purpose`` tells waits apart that go on at the same time. A wait whose function is not called is not reported.
    """
    try:
        yield partial(_report_waiting, purpose)
    finally:
        _report_waited(purpose)


def _report_waiting(purpose: str, text: str) -> None:
    with _never_failing() as run:
        if run is None:
            return
        if run.waits.get(purpose) == text:
            run.write()
            return
        run.waits[purpose] = text
        run.add(Waiting(purpose=purpose, text=text))


def _report_waited(purpose: str) -> None:
    with _never_failing() as run:
        if run is not None and run.waits.pop(purpose, None) is not None:
            run.add(Waited(purpose=purpose))


@contextmanager
def _never_failing() -> Generator[_RunReport | None]:
    """The report of this run. After a failure, such as a full disk, nothing more is written."""
    try:
        run = _this_run()
    # Whatever it is: a run must not fail because somebody looks at it.
    except Exception:
        yield None
        return
    if run.failed:
        yield None
        return
    try:
        yield run
    except Exception as error:
        run.failed = True
        pulumi.log.debug(f"the console is not told what this run does: {error!r}")


def _this_run() -> _RunReport:
    loop = asyncio.get_running_loop()
    runs = _RUNS.setdefault(loop, {})
    preview = pulumi.runtime.is_dry_run()
    key = (ENGINE_RUN.get(), preview)
    if key not in runs:
        _close_ended()
        folder = run_folder(pulumi.get_project(), pulumi.get_stack())
        runs[key] = _RunReport(folder, secret_values(), preview)
        runs[key].add(Began(preview=preview))
    return runs[key]


def _close_ended() -> None:
    """Release the locks of earlier runs in this process, such as the preview before a run."""
    for loop in [one for one in _RUNS if one.is_closed()]:
        for run in _RUNS.pop(loop).values():
            run.close()
