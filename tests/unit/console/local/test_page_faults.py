"""Which faults of the control API are those of the page's buttons."""

from __future__ import annotations

import pytest

from console.local.actions import fault_of


@pytest.mark.parametrize(
    ("fault", "button"),
    [
        ({"kind": "down"}, "down"),
        ({"kind": "latency", "seconds": 5}, "slow"),
        ({"kind": "latency", "seconds": 1}, None),
        ({"kind": "status", "status": 503, "path": "/v2/droplets"}, None),
        ({"kind": "status", "status": 503, "token": "operator"}, None),
        ({"kind": "stale"}, None),
    ],
)
def test_a_fault_is_that_of_a_button_if_it_is_the_same(fault: dict[str, object], button: str | None) -> None:
    assert fault_of({"id": 1, "service": "digitalocean", **fault}) == button
