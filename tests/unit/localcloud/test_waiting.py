"""Tests which limit a wait of the provider plugins names."""

from __future__ import annotations

import time

import pytest

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.waiting import Deadline, Waiter

LIMIT = 0.02


def answers_after_the_limit() -> str:
    time.sleep(2 * LIMIT)
    return "active"


def test_a_wait_names_its_own_limit() -> None:
    with pytest.raises(ProviderError, match=r"timeout while waiting for state to become 'off' \(last state"):
        Waiter().until("off", ["active"], answers_after_the_limit, LIMIT)


def test_the_deadline_of_the_operation_comes_first() -> None:
    with pytest.raises(ProviderError, match=r"^context deadline exceeded$"):
        Waiter().until("off", ["active"], answers_after_the_limit, LIMIT, deadline=Deadline(LIMIT))
