"""A run ends well, with a reason, or by a fault. Everything else is wrong."""

from __future__ import annotations

import pytest

from campaign.machines.run_outcome import End, outcome_of

REFUSAL = "Diagnostics:\n  etcd:index:Gate (two):\n    error: Before two may change: one does not answer\n"
CRASH = 'Traceback (most recent call last):\n  File "x.py"\nKeyError: 1\nerror: an unhandled error occurred\n'

NIL_POINTER = "panic: runtime error: invalid memory address or nil pointer dereference\n"
LOST = "DELETE http://10.0.0.1/v2/droplets/1002 giving up after 5 attempt(s): connection reset\n"


@pytest.mark.parametrize(
    ("status", "output", "disturbed", "end"),
    [
        (0, "done", False, End.DONE),
        (0, "done", True, End.DONE),
        (255, REFUSAL, False, End.REFUSED),
        (255, REFUSAL, True, End.INTERRUPTED),
        (-9, "", True, End.INTERRUPTED),
        (255, CRASH, True, End.INTERRUPTED),
        (255, CRASH, False, End.WRONG),
        (2, "panic: runtime error", False, End.WRONG),
        (255, NIL_POINTER, False, End.WRONG),
        (255, NIL_POINTER + LOST, False, End.INTERRUPTED),
        (255, NIL_POINTER + "droplet.resourceDigitalOceanDropletDelete(0x1)", False, End.INTERRUPTED),
        (255, "nothing said", False, End.WRONG),
        (None, "still waiting", False, End.WRONG),
        (None, "still waiting", True, End.WRONG),
    ],
)
def test_a_run_is_wrong_unless_it_is_done_refused_or_interrupted(
    status: int | None, output: str, disturbed: bool, end: End
) -> None:
    assert outcome_of(status, output, disturbed=disturbed).end is end


def test_a_refusal_has_its_reason() -> None:
    assert outcome_of(255, REFUSAL, disturbed=False).why.endswith(
        "Before two may change: one does not answer"
    )
