from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from .lab import Lab
from .objects import ObjectServer

_numbers = count(os.getpid())
RESERVED = 61999
"""A bound port that marks a network's addresses as in use."""


@pytest.fixture
def network() -> Iterator[str]:
    """The first three numbers of loopback addresses that no other test run uses now."""
    for number in _numbers:
        network = f"127.{100 + number % 100}.{number // 100 % 250}"
        with socket.socket() as reservation:
            try:
                reservation.bind((f"{network}.254", RESERVED))
            except OSError:
                continue
            yield network
            return


@pytest.fixture
def lab(tmp_path: Path, network: str) -> Iterator[Lab]:
    """A lab whose members have addresses of their own."""
    lab = Lab(tmp_path, network)
    yield lab
    for node in lab.nodes:
        print(f"--- {node.name}\n{node.log[-6000:]}")
    lab.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ObjectServer]:
    """An object store of this test's own."""
    server = ObjectServer(tmp_path)
    yield server
    server.stop()
