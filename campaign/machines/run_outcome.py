"""How a run of Pulumi ended: done, refused with a reason, or interrupted. Anything else is a fault of the program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

CRASHES = ("Traceback (most recent call last)", "panic:", "fatal error:")
"""What a program prints that did not expect what happened."""

PROVIDER_CRASH = "nil pointer dereference"
LOST_DELETION = re.compile(
    r"DELETE \S+/v2/(?:droplets|vpcs)/\S+ giving up|resourceDigitalOcean(?:Droplet|VPC)Delete\b"
)
"""What DigitalOcean's provider, or its stand-in, prints with ``PROVIDER_CRASH`` if it gets no answer to such a DELETE.
It crashes then, and the next run continues."""

REASON = re.compile(r"^\s*(?:error: .+|.*\berror: .+)$", re.MULTILINE)


class End(StrEnum):
    """How a run ended."""

    DONE = "done"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    WRONG = "wrong"


@dataclass(frozen=True)
class RunOutcome:
    """The end of one run."""

    end: End
    why: str
    """The first reason that it gave, or what is wrong with it."""

    output: str


def outcome_of(status: int | None, output: str, *, disturbed: bool) -> RunOutcome:
    """Judge a run by its exit status, or ``None`` if it did not end in time.

    ``disturbed`` says that its processes were killed or interrupted: then anything may be printed.
    """
    if status is None:
        return RunOutcome(End.WRONG, "it did not end within its time limit", output)
    if status == 0:
        return RunOutcome(End.DONE, "", output)
    if disturbed:
        return RunOutcome(End.INTERRUPTED, "", output)
    if PROVIDER_CRASH in output and LOST_DELETION.search(output):
        return RunOutcome(End.INTERRUPTED, "the provider crashed, as it got no answer to a DELETE", output)
    crash = next((words for words in CRASHES if words in output), "")
    if crash:
        return RunOutcome(End.WRONG, f"it prints {crash!r}", output)
    reason = REASON.search(output)
    if reason is None:
        return RunOutcome(End.WRONG, "it failed without a reason", output)
    return RunOutcome(End.REFUSED, reason[0].strip(), output)
