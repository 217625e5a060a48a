"""How long a bootstrap takes."""

from __future__ import annotations

import pytest

from tests.unit.bench.boots import bootstrap


def test_a_bootstrap_lasts_from_first_boot_to_last_healthy_member() -> None:
    assert bootstrap(104.0, 106.5).seconds == pytest.approx(5.5)
