"""What a member says while it must not bootstrap."""

from __future__ import annotations

import pytest
from etcd_node.bootstrap.bootstrap_rules import BootstrapObservations, PeerReport, PeerState, everyone_answers

BLANK = PeerReport(PeerState.BLANK, "run", "token")


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (PeerReport(PeerState.SILENT, detail="two droplets have its name"), "(two droplets have its name)"),
        (
            PeerReport(PeerState.SILENT, detail="its certificate is not valid: expired"),
            "(its certificate is not valid: expired)",
        ),
        (PeerReport(PeerState.SILENT), ""),
    ],
)
def test_a_refusal_says_why_a_member_does_not_answer(report: PeerReport, words: str) -> None:
    observed = BootstrapObservations("token", ("m1", "m2"), second={"m1": BLANK, "m2": report})
    assert (
        everyone_answers(observed) == f"m2 does not answer{words and ' '}{words}, so that data may be needed"
    )
