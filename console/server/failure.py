"""What a page shows while its source fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

from console.view.cloud import Cloud
from console.view.page import Page
from console.view.stack import Stack
from console.view.timeline import LeaderSpan, Span, Timeline, UpSpan

_Seen = TypeVar("_Seen", Span, UpSpan, LeaderSpan)

PROBLEM = "The console failed and begins again. Its log says why."


def failed_page(before: Page | None) -> Page:
    """The page after a failure: what is now is unknown. ``before`` is the last page, if there was one.

    What was told of the past stays: the time line up to now, the requests and the tour.
    """
    stack = Stack(project="", stack="", region=None, local=False, cloud="", problem=PROBLEM)
    timeline = Timeline(
        began=time.time(), members=[], runs=[], up=[], down=[], leaders=[], writes=[], most_down=0
    )
    page = Page(
        stack=stack,
        members=None,
        run=None,
        timeline=timeline,
        writer=None,
        cloud=Cloud(
            reach=None,
            reach_problem=PROBLEM,
            volumes=None,
            volumes_problem=PROBLEM,
            tags=None,
            tags_problem=PROBLEM,
            records=None,
            records_problem=PROBLEM,
            backups=None,
            backups_problem=PROBLEM,
            faults=[],
            dns_stopped=False,
        ),
        requests=None,
        tour=None,
    )
    if before is None:
        return page
    return page.model_copy(
        update={
            "stack": before.stack.model_copy(update={"problem": PROBLEM}),
            "timeline": _ended(before.timeline, timeline.began),
            # A source that ends stops it.
            "writer": before.writer
            and before.writer.model_copy(update={"running": False, "per_second": 0.0}),
            "requests": before.requests,
            "tour": before.tour,
        }
    )


def _ended(timeline: Timeline, now: float) -> Timeline:
    """The time line in which nobody knows how members are from now on."""

    def until_now(spans: Sequence[_Seen]) -> list[_Seen]:
        return [
            span if span.ended is not None else span.model_copy(update={"ended": max(now, span.began)})
            for span in spans
        ]

    return timeline.model_copy(
        update={
            "up": until_now(timeline.up),
            "down": until_now(timeline.down),
            "leaders": until_now(timeline.leaders),
        }
    )
