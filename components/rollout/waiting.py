"""Waiting for members to become healthy: with progress, a time limit, and an error that says what was last seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import pulumi

from components.etcd.member_status import EXPIRED

POLL_SECONDS = 0.25
REPEAT_SECONDS = 15
"""An unchanged state is said again this often."""

LOGS = (
    "Read a member's log on its droplet: journalctl -u preparecluster -u etcd (by SSH where etcd:sshCidrs "
    "and etcd:sshKeys allow it, else in DigitalOcean's recovery console)."
)


class UnhealthyError(pulumi.RunError):
    """Members were not healthy in time; the text names each, what was last seen of it, and what repairs it."""


async def wait_until_healthy(
    look: Callable[[], Awaitable[Mapping[str, str]]],
    *,
    seconds: float,
    purpose: str,
    say: Callable[[str], None],
    repairs: Mapping[str, str],
    ending: str,
    renewed: str,
) -> bool:
    """Look until no problem is left; whether there was one at first.

    ``look`` gives the problem of each unhealthy member by name. Every change is said, and so is an unchanged
    state from time to time. Raises ``UnhealthyError`` after ``seconds``, with the command in ``repairs`` that
    each member needs, and ``ending``, which says what the run has and has not done. Raises it at once where all
    that is wrong are expired certificates, which no waiting heals; ``renewed`` says what does.
    """
    started = said_at = time.monotonic()
    said: Mapping[str, str] = {}
    since: dict[str, datetime] = {}
    troubled = False
    while problems := await look():
        troubled = True
        now = time.monotonic()
        since = {name: since.get(name, datetime.now(UTC)) for name in problems}
        if all(EXPIRED in problem for problem in problems.values()):
            raise UnhealthyError(expiry(problems, purpose, renewed))
        if now - started >= seconds:
            raise UnhealthyError(
                failure(problems, since, limit=seconds, purpose=purpose, repairs=repairs, ending=ending)
            )
        if problems.keys() != said.keys() or now - said_at >= REPEAT_SECONDS:
            say(progress(problems, now - started, seconds, purpose))
            said, said_at = problems, now
        await asyncio.sleep(POLL_SECONDS)
    return troubled


def progress(problems: Mapping[str, str], waited: float, limit: float, purpose: str) -> str:
    """One line: what is waited for, how long already, and the state of each unhealthy member."""
    states = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
    return f"{purpose}: waiting for {len(problems)} of the members, {waited:.0f} of {limit:.0f} s. {states}"


def failure(
    problems: Mapping[str, str],
    since: Mapping[str, datetime],
    *,
    limit: float,
    purpose: str,
    repairs: Mapping[str, str],
    ending: str,
) -> str:
    """Each unhealthy member with what was last seen of it, since when, and what repairs it."""
    lines = [f"{purpose}: not healthy within {limit:.0f} s (etcd:healthTimeoutSeconds). Last seen:"]
    for name, problem in problems.items():
        lines.append(f"  {name}: {problem} (since {since[name]:%H:%M:%S} UTC, or before this run looked)")
        if name in repairs:
            lines.append(f"    to repair it: {repairs[name]}")
    return "\n".join([*lines, LOGS, ending])


def expiry(problems: Mapping[str, str], purpose: str, renewed: str) -> str:
    """What to do about members that show expired certificates, while the run has new ones for them."""
    states = "\n".join(f"  {name}: {problem}" for name, problem in problems.items())
    return (
        f"{purpose}: certificates have expired:\n{states}\n"
        f"Members refuse each other with these, so a member that is replaced cannot join those that are not. {renewed}"
    )
