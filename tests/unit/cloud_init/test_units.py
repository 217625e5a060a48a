"""The units on each droplet, as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[3] / "cloud-init/units").glob("*.service"))
STARTS, SECONDS = 5, 10
"""systemd starts a unit again at most so often in this time, if the unit sets no other limit."""


@pytest.mark.parametrize("unit", [pytest.param(unit, id=unit.name) for unit in UNITS])
def test_systemd_never_gives_up_starting_a_unit_again(unit: Path) -> None:
    text = unit.read_text()
    pause = re.search(r"^RestartSec=(\d+)$", text, re.MULTILINE)
    rare = pause is None or int(pause[1]) * STARTS > SECONDS
    assert rare or "\nStartLimitIntervalSec=0\n" in text
