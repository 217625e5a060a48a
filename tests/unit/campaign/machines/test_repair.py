"""Which settings the campaign completes first, because a run says so."""

from __future__ import annotations

from typing import Any

import pytest

from campaign.machines.repair import earlier_settings
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
