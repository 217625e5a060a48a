"""All that the page shows."""

from __future__ import annotations

from console.view.cloud import Cloud, Request
from console.view.document import Document
from console.view.members import Member
from console.view.run import Run
from console.view.stack import Stack
from console.view.timeline import Timeline, Writer
from console.view.tour import Tour


class Page(Document):
    """Every section. ``GET /events`` sends each as a server-sent event of its name, first all of them, then changes.

    ``requests`` is different: after the first, its events have the new requests alone.
    """

    stack: Stack
    members: list[Member] | None
    run: Run | None
    """``None``: no run was seen."""
    timeline: Timeline
    writer: Writer | None
    """``None``: it cannot be started here."""
    cloud: Cloud
    requests: list[Request] | None
    tour: Tour | None
