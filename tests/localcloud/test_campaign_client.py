"""The campaign's clients on three real members, two of which fail: their history is complete and passes all checks."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from campaign.history.files import read_history
from campaign.history.judgment import Judgment, judge
from campaign.history.records import (
    Call,
    CompareAndSwap,
    Delete,
    Get,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseRevoke,
    Outcome,
    Put,
    Range,
    Record,
    WatchEnd,
    WatchEvents,
    WatchProgress,
    WatchStart,
)
from campaign.machines.clients import Clients, Stopped, Stores, command
from localcloud.toolchain.checker import ensure_linearizability_checker
from localcloud.toolchain.etcd import DEFAULT_VERSION
from testbed.agent import Pipe
from tests.nodes.lab import eventually
from tests.nodes.plain_members import NAMES, PlainMembers

NETWORK = "127.43.61"
SEED = 5
SECONDS = 9.0
"""How long the clients work."""


@dataclass(frozen=True)
class Run:
    """What came of a run with faults."""

    stopped: Stopped
    stores: Stores
    behind: tuple[str, ...]
    records: list[Record]
    judgment: Judgment
    seconds: float


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainMembers]:
    """Three members on loopback, and the client's certificate."""
    running = PlainMembers(tmp_path_factory.mktemp("members"), NETWORK, DEFAULT_VERSION)
    running.issue("client", "")
    try:
        for name in NAMES:
            running.start(name)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def run(members: PlainMembers, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One member is killed and comes back, another one stands still for 2 s."""
    folder = tmp_path_factory.mktemp("history")
    history = folder / "history.jsonl"
    addresses = list(members.addresses.values())
    argv = command(members.folder, history, prefix="campaign", seed=SEED, members=addresses[:2])
    with Clients(loopback(argv)) as clients:
        clients.start()
        began = time.monotonic()
        clients.set_members(addresses)
        wait_for_answers(history, addresses)
        stop_with_a_write(members, NAMES[0], history)
        members.stop(NAMES[0])
        time.sleep(2)
        members.start(NAMES[0])
        wait_for_answers(history, addresses)
        members.send(signal.SIGSTOP, NAMES[1])
        time.sleep(2)
        members.send(signal.SIGCONT, NAMES[1])
        time.sleep(max(0, began + SECONDS - time.monotonic()))
        seconds = time.monotonic() - began
        stopped = clients.stop()
        stores = clients.stores(addresses)
        behind = clients.watched(stores.watched_until)
    judgment = judge(
        ensure_linearizability_checker(), [history], stores.stores, watched_until=stores.watched_until
    )
    return Run(stopped, stores, behind, read_history(history), judgment, seconds)


def wait_for_answers(history: Path, addresses: Sequence[str]) -> None:
    """Wait until each member has answered another call."""
    before = answered(history)
    eventually(
        "each member answers",
        lambda: all(
            any(one.startswith(f"{address}/") for one, _ in answered(history) - before)
            for address in addresses
        ),
    )


def answered(history: Path) -> set[tuple[str, int]]:
    """The client and the number of each call that was answered."""
    if not history.exists():
        return set()
    return {
        (one.client, one.call) for one in read_history(history) if isinstance(one, Call) and one.acknowledged
    }


def stop_with_a_write(members: PlainMembers, name: str, history: Path) -> None:
    """Let a member stand still while it has a write that it will never answer."""
    client = f"{members.addresses[name]}/"
    for _ in range(15):
        members.send(signal.SIGSTOP, name)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            time.sleep(0.1)
            if any(
                isinstance(one, (Put, CompareAndSwap, Delete))
                and one.client.startswith(client)
                and one.end is None
                for one in read_history(history)
            ):
                return
        # All its clients wait for reads.
        members.send(signal.SIGCONT, name)
        time.sleep(0.2)
    raise AssertionError(f"no client wrote to {name} while it stood still")


def loopback(argv: list[str]) -> Pipe:
    """A process outside any local cloud."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill() -> None:
        process.kill()
        process.communicate()

    return Pipe(argv[0], process, kill)


def test_a_recorded_history_passes_all_checks(run: Run) -> None:
    assert run.judgment.problems == ()
    assert run.judgment.acknowledged == run.stopped.count(Outcome.OK)


def test_each_operation_and_each_outcome_is_recorded(run: Run) -> None:
    calls = [record for record in run.records if isinstance(record, Call)]
    acknowledged = {type(call) for call in calls if call.acknowledged}
    assert acknowledged >= {Put, Get, Range, CompareAndSwap, Delete, LeaseGrant, LeaseKeepAlive, LeaseRevoke}
    assert {call.outcome for call in calls if isinstance(call, (Put, CompareAndSwap, Delete))} == set(Outcome)
    assert len(calls) == run.stopped.count()


def test_transactions_succeed_and_fail(run: Run) -> None:
    answers = [
        record.answer for record in run.records if isinstance(record, CompareAndSwap) and record.answer
    ]
    assert {answer.succeeded for answer in answers} == {True, False}


def test_all_together_make_some_forty_calls_a_second(run: Run) -> None:
    # Fewer while members fail, and on a busy machine.
    assert 5 < run.stopped.count() / run.seconds < 50


def test_each_member_answers_its_own_client(run: Run, members: PlainMembers) -> None:
    answering = {
        address: {
            record.answer.member
            for record in run.records
            if isinstance(record, (Get, Range)) and record.client.startswith(f"{address}/") and record.answer
        }
        for address in members.addresses.values()
    }
    assert all(len(ids) == 1 for ids in answering.values()), answering
    assert len({one for ids in answering.values() for one in ids}) == len(NAMES)


def test_each_watch_sees_everything(run: Run, members: PlainMembers) -> None:
    assert run.behind == ()
    names = {"all", *members.addresses.values()}
    for kind in (WatchStart, WatchEvents, WatchProgress):
        assert {record.watch for record in run.records if isinstance(record, kind)} == names


def test_each_member_has_the_same_keys_at_the_end(run: Run, members: PlainMembers) -> None:
    assert run.stores.problems == {}
    assert run.stores.stores.keys() == set(members.addresses.values())
    assert run.stopped.leases_left == 0
    assert not [one.key for one in run.stores.stores[members.addresses[NAMES[0]]] if "lease" in one.key]


def streams(history: Path, watch: str) -> int:
    """How many streams of a watch have begun."""
    return sum(isinstance(one, WatchStart) and one.watch == watch for one in read_history(history))


def compacted(history: Path, revision: int) -> set[str]:
    """The watches that ended because of a compaction at a revision."""
    ends = (one for one in read_history(history) if isinstance(one, WatchEnd))
    return {one.watch for one in ends if one.compact_revision == revision}


def test_watches_go_on_without_their_member_and_after_compaction(
    members: PlainMembers, tmp_path: Path
) -> None:
    history = tmp_path / "history.jsonl"
    addresses = list(members.addresses.values())
    argv = command(members.folder, history, prefix="changing", seed=SEED, members=addresses)
    with Clients(loopback(argv)) as clients:
        clients.start()
        wait_for_answers(history, addresses)
        eventually("its watch has begun", lambda: streams(history, addresses[0]) >= 1)
        clients.set_members(addresses[1:])
        eventually("its watch goes on elsewhere", lambda: streams(history, addresses[0]) >= 2)
        clients.set_members(addresses)
        clients.stop()
        before = clients.stores(addresses).watched_until
        assert clients.watched(before) == ()
        for words in (("put", "other", "1"), ("put", "other", "2"), ("compact", str(before + 2))):
            assert members.etcdctl("client", *words).returncode == 0
        clients.start()
        eventually(
            "each watch meets the compaction",
            lambda: compacted(history, before + 2) == {"all", *addresses},
        )
        wait_for_answers(history, addresses)
        clients.stop()
        stores = clients.stores(addresses)
        assert clients.watched(stores.watched_until) == ()
    judgment = judge(
        ensure_linearizability_checker(), [history], stores.stores, watched_until=stores.watched_until
    )
    assert judgment.problems == ()
    ends = [record for record in read_history(history) if isinstance(record, WatchEnd)]
    assert sum(one.watch == addresses[0] for one in ends) == sum(one.watch == "all" for one in ends) + 2
