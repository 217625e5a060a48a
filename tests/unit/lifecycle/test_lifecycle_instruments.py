"""The writer's ledger, the client's figures, the observer's count and the last line notice what they are there for."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from testbed.outages import Outages
from testbed.standstill import PAUSE, USUAL, Standstill
from tests.lifecycle import writing
from tests.lifecycle.clientv3 import Clientv3Figures
from tests.lifecycle.figures import Case, Figures
from tests.lifecycle.ledger import Ledger

CLIENT = Clientv3Figures(
    acknowledged=20,
    failed=1,
    timed_out=1,
    stall_ms=230,
    own_stall_ms=220,
    wait_ms=250,
    own_wait_ms=240,
    events_lost=0,
    events_repeated=0,
    events_misordered=0,
    watches_ended=1,
    leases_expired=0,
)
CASE = Case(
    name="a change",
    cluster="live",
    acknowledged=10,
    failed=0,
    retried=0,
    lost=0,
    clusters=frozenset({"1"}),
    max_down=1,
    max_off=1,
    stall_ms=120,
    own_stall_ms=100,
    client=CLIENT,
    planned=True,
    clients_cut=True,
    seconds=7.0,
)


def test_an_unacknowledged_number_is_retried_before_a_new_one() -> None:
    ledger = Ledger()
    first, second = ledger.take(), ledger.take()
    ledger.fail(first)
    ledger.acknowledge(second)
    assert ledger.take() == first
    assert ledger.acknowledged() == {second}
    assert (ledger.period().failed, ledger.period().retried) == (1, 1)


class Member:
    """A member that answers every write."""

    def __init__(self, *_: object) -> None:
        pass

    def open(self) -> None:
        pass

    def put(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


def written_to(member: type[Member], folder: Path, monkeypatch: pytest.MonkeyPatch) -> writing.Writing:
    """A writer that writes to such a member."""
    monkeypatch.setattr(writing, "Connection", member)
    monkeypatch.setattr(writing, "PAUSE", 0.01)
    writer = writing.Writing(folder, "/live", ["etcd-server-1.live.test"])
    writer.mark()
    writer.staff()
    return writer


def test_a_lost_write_keeps_no_other_from_being_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, answered = count(), threading.Semaphore(0)

    class Silent(Member):
        """Never answers its first write, and none after the tenth."""

        def put(self, *_: object) -> None:
            if next(attempts) not in range(1, 11):
                threading.Event().wait()
            answered.release()

    written_to(Silent, tmp_path, monkeypatch)
    assert all(answered.acquire(timeout=5) for _ in range(10))


def test_a_rest_ends_the_connections_that_a_case_may_not_begin_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()

    class Left(Member):
        """Tells when a worker leaves it."""

        def close(self) -> None:
            closed.set()

    writer = written_to(Left, tmp_path, monkeypatch)
    assert not closed.wait(0.1)
    writer.rest()
    assert closed.wait(5)


def test_a_period_begins_with_the_first_number_that_is_owed() -> None:
    ledger = Ledger()
    owed, done = ledger.take(), ledger.take()
    ledger.acknowledge(done)
    ledger.fail(owed)
    ledger.mark()
    assert ledger.period().first == owed


def test_a_stall_counts_while_it_lasts() -> None:
    ledger = Ledger()
    ledger.acknowledge(ledger.take())
    ledger.mark()
    time.sleep(0.05)
    assert ledger.period().stall >= 0.05


def test_a_stall_is_the_clusters_own_but_for_what_the_machine_stood_still() -> None:
    ledger = Ledger(stood_still=lambda begin, end: (end - begin) / 2)
    ledger.mark()
    time.sleep(0.05)
    ledger.acknowledge(ledger.take())
    period = ledger.period()
    assert period.stall >= 0.05
    assert period.own_stall == pytest.approx(period.stall / 2)


def test_a_standstill_lasts_from_the_due_time_of_a_sync_until_its_end(tmp_path: Path) -> None:
    standstill = Standstill(tmp_path)
    begin = time.monotonic()
    standstill.note(begin)
    standstill.note(begin + PAUSE + 2)
    assert standstill.within(begin, begin + 3) == pytest.approx(2 + 1 - 2 * PAUSE)
    assert standstill.within(begin + 1, begin + 2) == pytest.approx(1)
    # Just before the limit: sums of floats do not meet it exactly.
    assert standstill.within(begin + PAUSE + 2, begin + 2 * PAUSE + USUAL + 2 - 0.001) == 0


def test_members_down_together_count_without_those_the_test_broke() -> None:
    outages = Outages(expected={"a", "b", "c"})
    outages.observe({"a", "b"}, {"a", "b", "c"})
    outages.observe({"a"}, {"a", "b"})
    assert (outages.max_down, outages.max_off) == (2, 1)
    outages.excused = {"c"}
    outages.mark()
    outages.observe({"a"}, {"a", "b"})
    assert (outages.max_down, outages.max_off) == (1, 0)


@pytest.mark.parametrize(
    ("second", "good"),
    [
        (CASE, True),
        (replace(CASE, lost=1), False),
        (replace(CASE, max_down=2), False),
        (replace(CASE, clusters=frozenset({"2"})), False),
        (replace(CASE, clusters=frozenset({"2"}), cluster="another stack"), True),
        (replace(CASE, client=replace(CLIENT, events_lost=1)), False),
        (replace(CASE, client=replace(CLIENT, events_repeated=1)), False),
        (replace(CASE, client=replace(CLIENT, events_misordered=1)), False),
        (replace(CASE, client=replace(CLIENT, leases_expired=1)), False),
        (replace(CASE, client=replace(CLIENT, leases_expired=1), planned=False), True),
        (replace(CASE, client=replace(CLIENT, leases_expired=1), clients_cut=False), True),
    ],
)
def test_a_session_is_bad_when_any_case_was(second: Case, good: bool) -> None:
    assert Figures([CASE, second]).good is good


def test_the_last_line_has_the_figures_of_all_cases() -> None:
    figures = Figures([CASE, replace(CASE, stall_ms=300, lost=2)])
    assert figures.lines()[-1] == (
        "acknowledged=20 lost=2 clusters=1 max_down=1 longest_stall_ms=300 "
        "clientv3: longest_stall_ms=230 longest_wait_ms=250 timed_out=2 events_lost=0 leases_expired=0"
    )


def test_the_cases_of_two_processes_are_counted_together() -> None:
    figures = Figures([CASE])
    figures.add(Figures([replace(CASE, lost=2)]).dump())
    assert figures == Figures([CASE, replace(CASE, lost=2)])
    assert not figures.good


def test_a_clients_longest_wait_is_found_with_and_without_standstills() -> None:
    report = {
        "acknowledged": 20,
        "failed": 0,
        "timed_out": 0,
        "stalls": [[10.1, 10.4]],
        "waits": [[1.0, 1.5], [10.0, 10.9]],
        "events_lost": 0,
        "events_repeated": 0,
        "events_misordered": 0,
        "watches_ended": 0,
        "leases_expired": 0,
    }
    figures = Clientv3Figures.of(report, stood_still=lambda begin, _end: 0.7 if begin == 10.0 else 0.0)
    assert (figures.stall_ms, figures.own_stall_ms) == (300, 300)
    assert (figures.wait_ms, figures.own_wait_ms) == (900, 500)
