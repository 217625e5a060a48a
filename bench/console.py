"""What the console costs: processor time and API requests with its page open, and with none."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench import engine
from bench.errors import BenchError
from bench.figures import Figure
from bench.processor import processor_seconds
from bench.requests import logged_calls
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT
from localcloud.cli.console import open_console

ROUNDS = 3
"""Rounds, each with the page open and then closed."""

SECONDS = 45.0
"""Seconds of each, three times the period of the members' timers."""

SETTLE_SECONDS = 5.0
"""Seconds after the page was opened or closed, in which nothing is measured."""

LIMIT_PERCENT = 2.0
"""The most of one core that an open page may add."""


@dataclass(frozen=True)
class Cost:
    """What was used in one second, on average."""

    cloud: float
    """Percent of one core, of all that the local cloud runs."""
    console: float
    """The console's own part of it."""
    requests: float
    """Requests to the clouds' APIs in a minute."""


def measure_console(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    place.say("pulumi up")
    engine.up(CHECKOUT)
    url = open_console(place.cloud, CHECKOUT)
    opened: list[Cost] = []
    closed: list[Cost] = []
    for number in range(1, ROUNDS + 1):
        place.say(f"round {number} of {ROUNDS}: the page open, and closed")
        with _page(url):
            opened.append(_cost(place))
        closed.append(_cost(place))
        place.say(f"  {_told(opened[-1])}; closed {_told(closed[-1])}")
    return figures(opened, closed)


def figures(opened: Sequence[Cost], closed: Sequence[Cost]) -> list[Figure]:
    """The medians."""

    def median(costs: Sequence[Cost], name: str) -> float:
        return statistics.median(getattr(cost, name) for cost in costs)

    added = median(opened, "cloud") - median(closed, "cloud")
    return [
        Figure(
            "processor that the console's open page adds", round(added, 3), "% of a core", limit=LIMIT_PERCENT
        ),
        Figure("  of it the console", round(median(opened, "console"), 3), "% of a core"),
        Figure(
            "processor of the console with no page open", round(median(closed, "console"), 3), "% of a core"
        ),
        Figure("API requests with the page open", round(median(opened, "requests"), 2), "a minute"),
        Figure("API requests with no page open", round(median(closed, "requests"), 2), "a minute"),
    ]


@contextmanager
def _page(url: str) -> Generator[None]:
    """Receive what an open page receives. Raises ``BenchError`` if it is not told of the members."""
    end = threading.Event()
    seen = set[str]()

    def receive() -> None:
        with httpx.stream("GET", f"{url}/events", timeout=30.0, trust_env=False) as answer:
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    seen.add(line.partition(":")[2].strip())
                if end.is_set():
                    return

    receiving = threading.Thread(target=receive, daemon=True)
    receiving.start()
    try:
        yield
    finally:
        end.set()
        receiving.join()
    if not {"members", "timeline", "requests"} <= seen:
        raise BenchError(f"the console's page was told of {', '.join(sorted(seen)) or 'nothing'} alone")


def _cost(place: Workplace) -> Cost:
    time.sleep(SETTLE_SECONDS)
    whole = place.cloud.layout.cgroup
    began, calls = time.monotonic(), len(logged_calls(place.cloud))
    cloud, console = processor_seconds(whole), processor_seconds(whole / "console")
    time.sleep(SECONDS)
    seconds = time.monotonic() - began
    return Cost(
        100 * (processor_seconds(whole) - cloud) / seconds,
        100 * (processor_seconds(whole / "console") - console) / seconds,
        60 * (len(logged_calls(place.cloud)) - calls) / seconds,
    )


def _told(cost: Cost) -> str:
    return f"{cost.cloud:.2f} % of a core, {cost.console:.2f} % the console, {cost.requests:.1f} requests a minute"
