"""Judges a schedule at its end: what clients saw, what every member has, and what the program did."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from campaign.history.errors import HistoryError
from campaign.history.judgment import Judgment, judge
from campaign.history.present import LOST, STORES
from campaign.history.problem import Problem
from campaign.history.records import KeyValue, Outcome
from campaign.machines.clients import Stopped
from campaign.machines.life import Life
from campaign.machines.run_outcome import End
from campaign.machines.shutdowns import down_problems, shutdown_problems
from localcloud.toolchain.checker import ensure_linearizability_checker

TOLD = 5
"""How many problems of one check are told."""

LEASE_SECONDS = 13.0
"""Seconds after which a lease that could not be revoked has ended, with its keys."""

PICTURE = "linearizability.html"


@dataclass(frozen=True)
class Verdict:
    """What came of a schedule."""

    problems: tuple[Problem, ...]
    linearizable: bool
    """Whether the history is proven to be linearizable."""

    operations: int = 0
    """The clients' calls."""

    acknowledged: int = 0
    runs: int = 0

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.problems)

    @property
    def lost(self) -> int:
        """How many problems are about lost writes."""
        return sum(problem.check == LOST for problem in self.problems)

    def told(self) -> str:
        """The verdict as a person reads it."""
        if not self.failed:
            calls = f"{self.operations} calls, {self.acknowledged} of them acknowledged"
            return f"No promise is broken: {calls}, {self.runs} runs of pulumi.\n"
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        """The first problems of each check, and the number of the others: one fault can break a check many times."""
        for check, all_of_it in groupby(
            sorted(self.problems, key=lambda one: one.check), lambda one: one.check
        ):
            problems = list(all_of_it)
            yield from (f"Broken promise, {check}: {problem.text}\n" for problem in problems[:TOLD])
            if len(problems) > TOLD:
                yield f"Broken promise, {check}: {len(problems) - TOLD} times more\n"


def verdict(life: Life, *, repaired: bool, falsify: Callable[[Path], None]) -> Verdict:
    """End the clients of a cluster, and judge everything.

    Of a cluster that was not ``repaired``, the members that are up are read, if they have a quorum. ``falsify`` puts a
    bug on purpose into the file of the history.
    """
    judged, problems = _history(life, repaired=repaired, falsify=falsify)
    return Verdict(
        (*life.problems, *problems, *_cluster(life), *_runs(life)),
        linearizable=judged is not None and judged.linearizability.verdict == "ok",
        operations=judged.calls if judged else 0,
        acknowledged=judged.acknowledged if judged else 0,
        runs=len(life.runs.outcomes),
    )


def _history(
    life: Life, *, repaired: bool, falsify: Callable[[Path], None]
) -> tuple[Judgment | None, list[Problem]]:
    """The judgment and all problems of the history. Without a judgment, one problem says why there is none."""
    stopped = life.clients.stop()
    life.log.note(
        f"the clients have stopped: {stopped.count()} calls, {stopped.count(Outcome.OK)} acknowledged"
    )
    last = _last_state(life, stopped) if repaired else _state_with_quorum(life)
    falsify(life.history)
    try:
        judgment = judge(
            ensure_linearizability_checker(),
            [life.history],
            last.stores,
            watched_until=last.revision,
            picture=life.folder / PICTURE,
        )
    except HistoryError as error:
        return None, [Problem("history", f"it could not be checked: {error}"), *last.problems]
    return judgment, [*judgment.problems, *last.problems]


@dataclass(frozen=True)
class LastState:
    """What was read at the end."""

    stores: Mapping[str, Sequence[KeyValue]]
    """The workload's keys in each member."""

    revision: int
    """The cluster's revision. All watches should have reached it."""

    problems: list[Problem]


def _last_state(life: Life, stopped: Stopped) -> LastState:
    if stopped.leases_left:
        time.sleep(LEASE_SECONDS)
    read = life.clients.stores(life.stack.names)
    unseen = life.clients.watched(read.watched_until)
    return LastState(
        read.stores,
        read.watched_until,
        [
            *(Problem(STORES, f"{name} could not be read: {why}") for name, why in read.problems.items()),
            *(Problem("watches", f"{watch} has not seen revision {read.watched_until}") for watch in unseen),
        ],
    )


def _state_with_quorum(life: Life) -> LastState:
    """What the members that are up have, at a revision that no watch has to reach.

    Without a quorum nothing is read: the members that are up may lack what was acknowledged.
    """
    up = life.members_up()
    quorum = 2 * len(up) > len(life.stack.names)
    return LastState(life.clients.stores(up).stores if quorum else {}, 0, [])


def _cluster(life: Life) -> list[Problem]:
    ids = life.clusters()
    more = [] if len(ids) == 1 else [Problem("one-cluster", f"members were in the clusters {', '.join(ids)}")]
    observations = life.observations()
    disturbed = [*life.disturbed, *(span for _, span in life.machines_off), *life.all_down]
    return [
        *more,
        *shutdown_problems(observations, life.machines_off, life.all_down),
        *down_problems(observations, disturbed),
    ]


def _runs(life: Life) -> list[Problem]:
    wrong = [outcome.why for outcome in life.runs.outcomes if outcome.end is End.WRONG]
    return [Problem("runs", f"a run of pulumi: {why} ({count})") for why, count in Counter(wrong).items()]
