"""The clusters of one run. They share no name, and an error of one waits until the others' changes are done.

The engine ends a run at its first error, even between the deletion of a droplet and the creation of its successor. So
the refusal of one cluster would otherwise break the change of another one, which is healthy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import SETTINGS

from ..run_log import log
from ..run_log.engine_run import ENGINE_RUN
from ..run_log.events import Ended, Outcome
from ..run_log.report import report
from .errors import ConfigurationError
from .interruption import InterruptedRunError, interrupt, until_interrupted
from .naming import key_of

P = ParamSpec("P")
T = TypeVar("T")

POLL_SECONDS = 0.2
"""Seconds between two looks at the other clusters."""


@dataclass
class _Run:
    """What the clusters of one run know of each other."""

    changing: set[RunningCluster] = field(default_factory=set["RunningCluster"])
    """The clusters whose members may be in the middle of a change."""
    waiting_hooks: int = 0
    """How many hooks wait for other clusters. Each of them holds a worker of the engine."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """The components by the names of their clusters."""
    domains: dict[str, str] = field(default_factory=dict[str, str])
    """The components by the domains of their members."""
    told: set[str] = field(default_factory=set[str])
    """The names of the clusters whose refusal is announced."""


_RUNS: MutableMapping[asyncio.AbstractEventLoop, dict[str, _Run]] = WeakKeyDictionary()
"""The runs of this process by event loop and by ``ENGINE_RUN``."""


def _run() -> _Run:
    return _RUNS.setdefault(asyncio.get_running_loop(), {}).setdefault(ENGINE_RUN.get(), _Run())


def refuse_shared_names(component: str, cluster: str, domain: str) -> None:
    """Raise ``ConfigurationError`` if a cluster that the program has constructed before has the same name or domain.

    Names of resources and of hooks begin with the cluster's name. Members are called after the domain.
    """
    run = _run()
    problems: list[str] = []
    if run.names.get(cluster) == component:
        raise ConfigurationError(
            f"this program has two clusters called {component}: give each a name of its own, and an args.dns.domain"
        )
    if other := run.names.get(cluster):
        problems.append(
            f"args.clusterName is {cluster}, by its default or as you set it, and so is that of the cluster {other} in "
            "this program: set it to another name for one of them"
        )
    if other := run.domains.get(domain):
        problems.append(
            f"{key_of('domain')} is {domain}, and so is that of the cluster {other} in this program, so their members "
            f"would have the same names: set it to another one for each, such as {component}.{domain}"
        )
    if problems:
        raise ConfigurationError("\n".join(problems))
    run.names[cluster] = run.domains[domain] = component


class RunningCluster:
    """A cluster in this run."""

    name: str
    """Its name in the account."""

    def __init__(self, name: str, limit: float) -> None:
        """``limit`` is how many seconds its change may take, if every part of it takes as long as it may."""
        self.name = name
        self._limit = limit
        self._ended = False

    def begin(self) -> None:
        """From now on, its members may change. It does nothing after ``end``."""
        if not self._ended:
            _run().changing.add(self)

    def end(self) -> None:
        """Its members change no more in this run."""
        self._ended = True
        _run().changing.discard(self)

    async def wait_for_others(self, *, in_hook: bool = False) -> None:
        """End, and wait until the changes of all other clusters are done, or their limits are over.

        A hook does not wait if the engine has no other worker, because the others could not go on meanwhile.
        """
        self.end()
        run = _run()
        # How many workers the engine has. It is no declared attribute.
        workers: int | None = getattr(SETTINGS, "parallel", None)
        if in_hook and workers and run.waiting_hooks + 1 >= workers:
            return
        run.waiting_hooks += in_hook
        try:
            await self._wait(run)
        finally:
            run.waiting_hooks -= in_hook

    async def _wait(self, run: _Run) -> None:
        began = time.monotonic()
        while others := [one for one in run.changing if time.monotonic() - began < one._limit]:
            if self.name not in run.told:
                changes = " and ".join(sorted(one.name for one in others))
                log.info(
                    f"{self.name} is refused, as the error at the end of this run says. The run completes the change "
                    f"of {changes} first"
                )
                run.told.add(self.name)
            await asyncio.sleep(POLL_SECONDS)


async def wait_for_other_clusters(component: str) -> None:
    """Wait until the changes of all clusters but that of a component are done, because it is refused.

    It may have wrong arguments, so that it is no cluster yet. ``component`` is its name in the program.
    """
    run = _run()
    own = [one for one in run.changing if run.names.get(one.name) == component]
    await (own[0] if own else RunningCluster(component, 0)).wait_for_others()


def interrupt_runs() -> None:
    """End the hooks and checks of all clusters, and let no refusal wait for a change that does not go on."""
    for run in _RUNS.get(asyncio.get_running_loop(), {}).values():
        run.changing.clear()
    interrupt()


_CURRENT: ContextVar[RunningCluster | None] = ContextVar("cluster", default=None)


@contextmanager
def running(cluster: RunningCluster | None) -> Generator[None]:
    """Let all that begins inside belong to a cluster."""
    token = _CURRENT.set(cluster)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def running_cluster() -> RunningCluster | None:
    """The cluster of this context."""
    return _CURRENT.get()


def begin_changes() -> None:
    """From now on, a run may change the members of this context's cluster. A preview changes none."""
    if (cluster := running_cluster()) is not None and not pulumi.runtime.is_dry_run():
        cluster.begin()


def end_changes() -> None:
    """This run changes the members of this context's cluster no more."""
    if (cluster := running_cluster()) is not None:
        cluster.end()


def report_failure(error: Exception) -> None:
    """Tell a console why this run fails. Only the first error of a cluster counts there."""
    cluster = running_cluster()
    outcome: Outcome = "failed"
    if isinstance(error, InterruptedRunError):
        outcome = "interrupted"
    elif isinstance(error, pulumi.RunError):
        outcome = "refused"
    report(Ended(cluster=cluster.name if cluster else "", outcome=outcome, reason=str(error)))


@contextmanager
def reporting_failure() -> Generator[None]:
    """Tell a console about an error of what runs inside, such as a wrong setting."""
    try:
        yield
    except Exception as error:
        report_failure(error)
        raise


def failing_last(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate work of one cluster: its error waits until the changes of all other clusters are done."""

    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await work(*args, **kwargs)
        except Exception as error:
            report_failure(error)
            if (cluster := running_cluster()) is not None:
                await cluster.wait_for_others()
            raise

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await until_interrupted(wait(*args, **kwargs))
        except InterruptedRunError as error:
            report_failure(error)
            raise

    return run
