"""Tests which limit a wait of the provider plugins names."""

from __future__ import annotations

import threading
import time

import pytest

from localcloud.plugins import waiting
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


def stays_silent() -> str:
    threading.Event().wait()
    return "active"


def test_a_deadline_ends_the_wait_for_a_silent_api() -> None:
    with pytest.raises(ProviderError, match=r"^context deadline exceeded$"):
        Waiter().until("off", ["active"], stays_silent, 60, deadline=Deadline(LIMIT))


def test_the_limit_of_a_wait_ends_it_for_a_silent_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GRACE", LIMIT)
    with pytest.raises(
        ProviderError, match=r"timeout while waiting for state to become 'off' \(last state: ''"
    ):
        Waiter().until("off", ["active"], stays_silent, LIMIT)


def test_a_stopped_run_does_not_wait_for_a_silent_api() -> None:
    waiter = Waiter()
    threading.Timer(LIMIT, waiter.cancelled.set).start()
    with pytest.raises(ProviderError, match=r"^context canceled$"):
        waiter.until("off", ["active"], stays_silent, 60)


def test_an_object_that_stays_invisible_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LONGEST_ABSENCE", LIMIT)
    with pytest.raises(ProviderError, match=r"^couldn't find resource \(121 retries\)$"):
        Waiter().until("active", ["new"], lambda: None, 60)


def test_an_object_that_becomes_visible_again_is_awaited_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LONGEST_ABSENCE", LIMIT)
    answers = iter([None, "new", None, "new", "active"])
    Waiter().until("active", ["new"], lambda: next(answers), 60)
