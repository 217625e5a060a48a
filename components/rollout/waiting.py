"""A wait until members are healthy, with progress, a time limit, and an error that says what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import pulumi

from ..etcd.member_status import EXPIRED, LACKS_TAG
from ..run_log.report import reported_wait
from .messages import Explanation, expiry, failure, states

POLL_SECONDS = 0.25
"""Seconds between two observations."""
REPEAT_SECONDS = 15
"""Seconds after which an unchanged state is logged again."""
EXPLAIN_SECONDS = 5
"""Seconds after which members are asked why they are unhealthy. Most are well by then, and booting ones are busy."""


class UnhealthyError(pulumi.RunError):
    """Members were not healthy in time. The text has each of them, its last observed problem, and its repair."""


async def wait_until_healthy(
    observe: Callable[[], Awaitable[Mapping[str, str]]],
    *,
    seconds: float,
    purpose: str,
    log: Callable[[str], None],
    explain: Callable[[Mapping[str, str]], Awaitable[Explanation]],
    renewed: Callable[[], str],
) -> bool:
    """Observe until no member is unhealthy. Returns whether one was unhealthy at first.

    ``observe`` returns the problem of each unhealthy member by name. A change of these members is logged at once, and
    an unchanged state from time to time. ``explain`` says why they are unhealthy, once they have been so for a while.

    Raises ``UnhealthyError`` after ``seconds``. Its text has what ``explain`` found. It raises the error at once where
    waiting does not help: if all problems are expired certificates, or if a droplet lacks the cluster's tag. For
    expired certificates ``renewed`` says what helps, or is empty where only the remedies of the members do.
    """
    started = logged_at = time.monotonic()
    logged: Mapping[str, str] = {}
    since: dict[str, datetime] = {}
    had_to_wait = False
    with reported_wait(purpose) as wait_for:
        while problems := await observe():
            had_to_wait = True
            wait_for("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
            now = time.monotonic()
            since = {name: since.get(name, datetime.now(UTC)) for name in problems}
            expired = all(EXPIRED in problem for problem in problems.values())
            if expired and (way_out := renewed()):
                raise UnhealthyError(expiry(problems, purpose, way_out))
            useless = expired or any(LACKS_TAG in problem for problem in problems.values())
            if useless or now - started >= seconds:
                explanation = await explain(problems)
                limit = None if useless else seconds
                raise UnhealthyError(
                    failure(problems, since, limit=limit, purpose=purpose, explanation=explanation)
                )
            if problems.keys() != logged.keys() or now - logged_at >= REPEAT_SECONDS:
                explanation = await explain(problems) if now - started >= EXPLAIN_SECONDS else Explanation()
                log(progress(problems, now - started, seconds, purpose, explanation))
                logged, logged_at = problems, now
            await asyncio.sleep(POLL_SECONDS)
    return had_to_wait


def progress(
    problems: Mapping[str, str], waited: float, limit: float, purpose: str, explanation: Explanation
) -> str:
    """One line: the purpose of the wait, its duration so far, and the problem of each unhealthy member."""
    members = "1 unhealthy member" if len(problems) == 1 else f"{len(problems)} unhealthy members"
    line = f"{purpose}: waiting for {members}, {waited:.0f} of at most {limit:.0f} s. {states(problems, explanation)}"
    return f"{explanation.unreachable} {line}" if explanation.unreachable else line
