from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from .lab import Lab

_networks = count(1)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Members on loopback addresses that no other run of the tests uses at the same time."""
    process = os.getpid()
    lab = Lab(tmp_path, f"127.{100 + process % 100}.{(process // 100 + next(_networks)) % 250}")
    yield lab
    for node in lab.nodes:
        print(f"--- {node.name}\n{node.log[-6000:]}")
    lab.stop()
