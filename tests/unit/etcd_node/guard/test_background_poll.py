"""Questions to the API in the background."""

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


class Asked:
    """An inquiry whose answers are given one after the other."""

    def __init__(self, *answers: str | ListingError) -> None:
        self.answers = list(answers)
        self.count = 0
        self.clock = Clock()
        self.woken, wake = os.pipe()
        self.inquiry: BackgroundPoll[str] = BackgroundPoll(
            self._answer, unknown="not known how it is", wake=wake, clock=self.clock
        )

    def _answer(self) -> str:
        self.count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, ListingError):
            raise answer
        return answer

    def pursue_to_the_end(self, pace: float) -> None:
        before = self.count
        self.inquiry.pursue(pace)
        poll = select.poll()
        poll.register(self.woken, select.POLLIN)
        if poll.poll(1000):
            assert os.read(self.woken, 10) == b"."
            assert self.count == before + 1
            self.inquiry.pursue(float("inf"))


def test_the_first_question_is_asked_at_once_and_the_next_at_its_pace() -> None:
    asked = Asked("one", "two")
    asked.pursue_to_the_end(2)
    assert asked.inquiry.answer is not None
    assert (asked.inquiry.answer.value, asked.inquiry.answer.at) == ("one", 1000)
    asked.clock.now = 1001.9
    asked.inquiry.pursue(2)
    assert asked.count == 1
    asked.clock.now = 1002
    asked.pursue_to_the_end(2)
    assert asked.inquiry.answer.value == "two"


def test_an_error_is_no_answer_and_is_waited_out(capsys: pytest.CaptureFixture[str]) -> None:
    refused = ListingError("429", refused={"retry-after": "30"})
    asked = Asked("one", refused, ListingError("500"), "two")
    asked.pursue_to_the_end(2)
    asked.clock.now = 1002
    asked.pursue_to_the_end(2)
    asked.clock.now = 1031
    asked.inquiry.pursue(2)
    assert asked.count == 2
    assert asked.inquiry.answer is not None
    assert asked.inquiry.answer.value == "one"
    assert asked.inquiry.answer.at == 1000
    asked.clock.now = 1040
    asked.pursue_to_the_end(2)
    asked.clock.now = 1100
    asked.pursue_to_the_end(2)
    assert asked.inquiry.answer.value == "two"
    assert capsys.readouterr().err.count("not known how it is: 429") == 1
