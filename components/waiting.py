"""Waiting for members to become healthy: with progress, a time limit, and an error that says what was last seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

POLL_SECONDS = 0.25
REPEAT_SECONDS = 15
"""An unchanged state is said again this often."""


class UnhealthyError(Exception):
    """Members were not healthy in time; the text names each, what was last seen of it, and how to look further."""


async def wait_until_healthy(
    look: Callable[[], Awaitable[Mapping[str, str]]],
    *,
    seconds: float,
    purpose: str,
    say: Callable[[str], None],
) -> None:
    """Look until no problem is left.

    ``look`` gives the problem of each unhealthy member by name. Every change is said, and so is an unchanged
    state from time to time. Raises ``UnhealthyError`` after ``seconds``.
    """
    started = said_at = time.monotonic()
    said: Mapping[str, str] = {}
    while problems := await look():
        now = time.monotonic()
        if now - started >= seconds:
            raise UnhealthyError(failure(problems, seconds, purpose))
        if problems.keys() != said.keys() or now - said_at >= REPEAT_SECONDS:
            say(progress(problems, now - started, seconds, purpose))
            said, said_at = problems, now
        await asyncio.sleep(POLL_SECONDS)


def progress(problems: Mapping[str, str], waited: float, limit: float, purpose: str) -> str:
    """One line: what is waited for, how long already, and the state of each unhealthy member."""
    states = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
    return f"{purpose}: waiting for {len(problems)} of the members, {waited:.0f} of {limit:.0f} s. {states}"


def failure(problems: Mapping[str, str], limit: float, purpose: str) -> str:
    """Each unhealthy member with what was last seen of it, and how to read its log."""
    states = "\n".join(f"  {name}: {problem}" for name, problem in problems.items())
    return (
        f"{purpose}: not healthy within {limit:.0f} s (etcd:healthTimeoutSeconds). Last seen:\n{states}\n"
        "Read a member's log on its droplet: journalctl -u preparecluster -u etcd (by SSH where etcd:sshCidrs "
        "and etcd:sshKeys allow it, else in DigitalOcean's recovery console). "
        "Nothing more was changed; pulumi up goes on from here."
    )
