"""What the campaign does to repair a cluster, because a run says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.machines.repair import damaged_members, earlier_settings
from components.rollout.messages import Explanation, blocked, failure
from components.rollout.remedies import REMEDIES, Situation
from localcloud.toolchain.etcd import checksum


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "error: etcd:authorities is [2], and was [1]. Set it to [1, 2] and complete a pulumi up first",
            {"authorities": [1, 2]},
        ),
        (
            "m3 does not answer. Set it to 3.6.16 and complete a pulumi up first",
            {"version": "3.6.16", "releaseSha256": checksum("3.6.16")},
        ),
        ("error: not healthy within 120 s", {}),
    ],
)
def test_a_step_that_a_run_wants_completed_first_is_known(said: str, expected: dict[str, Any]) -> None:
    assert earlier_settings(said) == expected


def test_only_members_with_damaged_data_rejoin() -> None:
    found = {f"etcd-server-{number}.example.test": "Connection refused" for number in (1, 4, 5)}
    situations = [Situation.DAMAGED, Situation.WAITING, Situation.DAMAGED]
    explanation = Explanation(
        words={"etcd-server-1.example.test": "its log is damaged"},
        remedies={name: REMEDIES[one].text for name, one in zip(found, situations, strict=True)},
    )
    refused = failure(
        found,
        dict.fromkeys(found, datetime.now(UTC)),
        limit=120,
        purpose="Before etcd-server-2.example.test may change",
        explanation=explanation,
    )
    warned = blocked("etcd-server-2.example.test", found, limit="30 s", explanation=explanation)
    for said in (refused, "\n    warning: ".join(warned)):
        assert damaged_members(f"error: {said}") == [
            "etcd-server-1.example.test",
            "etcd-server-5.example.test",
        ]
