"""Only the first signal interrupts, so that a second one does not stop the deletion."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from acceptance.interruption import SIGNALS, Interruption


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The handlers of the test's own process come back afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_interrupts_and_later_ones_ask_to_wait(number: signal.Signals) -> None:
    said: list[str] = []
    Interruption(said.append).install()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    for later in SIGNALS:
        os.kill(os.getpid(), later)
    assert said == ["Everything is being deleted: please wait"] * 3


def test_no_signal_interrupts_the_deletion() -> None:
    said: list[str] = []
    interruption = Interruption(said.append)
    interruption.install()
    interruption.disarm()
    os.kill(os.getpid(), signal.SIGINT)
    assert len(said) == 1


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Interruption(pytest.fail).install()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
