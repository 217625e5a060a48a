"""Requests to the API in the background."""

from __future__ import annotations

import os
import select

import pytest
from etcd_node.digitalocean.api import ListingError
from etcd_node.guard.background_poll import BackgroundPoll


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Polled:
    """A poll whose results are given one after the other."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.count = 0
        self.clock = Clock()
        self.woken, wake = os.pipe()
        self.poll: BackgroundPoll[str] = BackgroundPoll(
            self._answer, on_failure="cannot read it", wake=wake, clock=self.clock
        )

    def _answer(self) -> str:
        self.count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def poll_to_the_end(self, interval: float) -> None:
        before = self.count
        self.poll.poll(interval)
        woken = select.poll()
        woken.register(self.woken, select.POLLIN)
        if woken.poll(1000):
            assert os.read(self.woken, 10) == b"."
            assert self.count == before + 1
            self.poll.poll(float("inf"))


def test_the_first_request_is_sent_at_once_and_the_next_when_due() -> None:
    polled = Polled("one", "two")
    polled.poll_to_the_end(2)
    assert polled.poll.result is not None
    assert (polled.poll.result.value, polled.poll.result.at) == ("one", 1000)
    polled.clock.now = 1001.9
    polled.poll.poll(2)
    assert polled.count == 1
    polled.clock.now = 1002
    polled.poll_to_the_end(2)
    assert polled.poll.result.value == "two"


def test_a_late_result_counts_from_its_request() -> None:
    polled = Polled("one")
    polled.poll.poll(2)
    assert select.select([polled.woken], [], [], 1)[0]
    # Nothing is polled meanwhile, since all members are healthy.
    polled.clock.now += 7 * 24 * 3600
    polled.poll._collect()
    assert polled.poll.result is not None
    assert (polled.poll.result.value, polled.poll.result.at) == ("one", 1000)


def test_an_error_keeps_the_last_result_and_delays_the_next_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = ListingError("429", refused={"retry-after": "30"})
    polled = Polled("one", refused, ListingError("500"), "two")
    polled.poll_to_the_end(2)
    polled.clock.now = 1002
    polled.poll_to_the_end(2)
    polled.clock.now = 1031
    polled.poll.poll(2)
    assert polled.count == 2
    assert polled.poll.result is not None
    assert polled.poll.result.value == "one"
    assert polled.poll.result.at == 1000
    polled.clock.now = 1040
    polled.poll_to_the_end(2)
    polled.clock.now = 1100
    polled.poll_to_the_end(2)
    assert polled.poll.result.value == "two"
    assert capsys.readouterr().err.count("cannot read it: 429") == 1


def test_a_full_disk_does_not_end_the_guard(capsys: pytest.CaptureFixture[str]) -> None:
    polled = Polled(OSError(28, "No space left on device"), "two")
    polled.poll_to_the_end(2)
    polled.clock.now = 1002
    polled.poll_to_the_end(2)
    assert polled.poll.result is not None
    assert polled.poll.result.value == "two"
    assert "cannot read it: [Errno 28] No space left on device" in capsys.readouterr().err
