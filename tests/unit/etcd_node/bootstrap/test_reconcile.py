"""Listings of the droplets, and rechecks of the disk, by the periodic step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from etcd_node.bootstrap import reconcile as step
from etcd_node.bootstrap.reconcile import (
    EAGER_PERIOD,
    HEALTHY_INTERVAL,
    LEADERLESS_LIMIT,
    PATIENT_INTERVAL,
    ClusterView,
    RunState,
    listing_is_due,
    needs_recheck,
)
from etcd_node.digitalocean.api import ListingError
from etcd_node.etcd.local_metrics import LocalMetrics
from etcd_node.etcd.membership import ListedMember
from etcd_node.etcd.wal import Contents, Disk, Identity
from etcd_node.host.settings import Paths, Settings

MEMBERS = tuple(ListedMember(n, f"m{n}", (f"https://m{n}:2380",), learner=False) for n in (1, 2, 3))


def metrics_with(
    *, leader: bool = True, seen: int = 1, active: frozenset[int] = frozenset({2, 3}), started: float = 0
) -> LocalMetrics:
    return LocalMetrics(1, leader, seen, False, active, started)


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (ClusterView(metrics_with(), MEMBERS), ""),
        (
            ClusterView(metrics_with(active=frozenset({2})), MEMBERS),
            "no connection to m3",
        ),
        (ClusterView(metrics_with(leader=False), ()), "etcd has no leader"),
        (ClusterView(None, ()), "etcd does not answer"),
    ],
)
def test_a_problem_is_named(view: ClusterView, problem: str) -> None:
    assert view.problem == problem


def test_a_healthy_member_rarely_lists_the_droplets() -> None:
    assert not listing_is_due(RunState(listed_at=1000), "", 1000 + HEALTHY_INTERVAL - 1)
    assert listing_is_due(RunState(listed_at=1000), "", 1000 + HEALTHY_INTERVAL)


def test_an_address_that_a_listing_left_out_is_looked_up_soon() -> None:
    view = ClusterView(
        metrics_with(), (*MEMBERS, ListedMember(9, "by-hand", ("https://x:2380",), learner=False))
    )
    assert view.without_address({"m1", "m2"}, "m1") == ["m3"]
    assert view.without_address({"m1", "m2", "m3"}, "m1") == []
    missing = {"state": RunState(listed_at=1000), "problem": "", "complete": False}
    assert not listing_is_due(**missing, now=1000 + PATIENT_INTERVAL - 1)
    assert listing_is_due(**missing, now=1000 + PATIENT_INTERVAL)


def test_a_problem_makes_every_run_list_the_droplets_then_fewer_runs() -> None:
    assert listing_is_due(RunState(listed_at=1000, problem_since=1000), "lost", 1001)
    late = 1000 + EAGER_PERIOD
    assert not listing_is_due(
        RunState(listed_at=late, problem_since=1000), "lost", late + PATIENT_INTERVAL - 1
    )
    assert listing_is_due(RunState(listed_at=late, problem_since=1000), "lost", late + PATIENT_INTERVAL)


EMPTY_BOOTSTRAP_LOG, DATA = (
    Disk(Contents.EMPTY_BOOTSTRAP_LOG, Identity(1, 77)),
    Disk(Contents.DATA, Identity(1, 77)),
)


@pytest.mark.parametrize(
    ("metrics", "disk", "removed", "again"),
    [
        pytest.param(
            metrics_with(leader=False, seen=0),
            EMPTY_BOOTSTRAP_LOG,
            False,
            True,
            id="a bootstrap without a leader",
        ),
        pytest.param(
            metrics_with(leader=False, seen=1), EMPTY_BOOTSTRAP_LOG, False, False, id="it had a leader"
        ),
        pytest.param(
            metrics_with(leader=False, seen=0, started=1),
            EMPTY_BOOTSTRAP_LOG,
            False,
            False,
            id="it has just started",
        ),
        pytest.param(metrics_with(leader=False, seen=0), DATA, False, False, id="it has data"),
        pytest.param(None, DATA, False, False, id="etcd is down"),
        pytest.param(None, DATA, True, True, id="it was removed"),
    ],
)
def test_a_disk_is_rechecked_only_for_a_reason(
    metrics: LocalMetrics | None, disk: Disk, removed: bool, again: bool
) -> None:
    assert needs_recheck(metrics, disk, LEADERLESS_LIMIT, removed) is again


@pytest.mark.parametrize("learner", [False, True])
def test_a_read_only_volume_is_checked_first_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, learner: bool
) -> None:
    paths = Paths(tmp_path)
    paths.run.mkdir(parents=True)
    settings = Settings(
        **{**dict.fromkeys(Settings.__dataclass_fields__, ""), "volume": "data", "metrics": "127.0.0.1:1"}
    )
    written: list[str] = []
    metrics = replace(metrics_with(), learner=learner)
    monkeypatch.setattr(step, "TlsClient", lambda _: None)
    monkeypatch.setattr(step, "read_local_metrics", lambda _: metrics)
    monkeypatch.setattr(step, "local_members", lambda *_: MEMBERS)
    monkeypatch.setattr(step, "filesystem_errors", lambda _: 1)
    monkeypatch.setattr(step, "is_read_only", lambda _: True)
    monkeypatch.setattr(step, "keep_reserve", lambda _: written.append("reserve"))
    monkeypatch.setattr(step, "grow_filesystem", lambda *_, **__: written.append("size"))
    assert step.reconcile(settings, paths, "token") == ("restart", "etcd.service")
    assert not written
    assert paths.errors.read_text() == "1"
    assert not paths.joining.exists()


DAY = 24 * 3600.0


class Rounds:
    """Rounds of one member with a clock of its own, in which nothing but the listing of the droplets happens."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 10 * DAY
        self.listings = 0
        self.error: Exception | None = None
        self.paths = Paths(folder)
        metrics = metrics_with()
        monkeypatch.setattr(step, "time", self)
        monkeypatch.setattr(step, "TlsClient", lambda _: None)
        monkeypatch.setattr(step, "read_local_metrics", lambda _: metrics)
        monkeypatch.setattr(step, "local_members", lambda *_: MEMBERS)
        monkeypatch.setattr(step, "read_members", lambda _: {one.host for one in MEMBERS})
        monkeypatch.setattr(step, "is_read_only", lambda _: False)
        monkeypatch.setattr(step, "sync_hosts", lambda *_: self._list())

    def time(self) -> float:
        return self.now

    def _list(self) -> None:
        self.listings += 1
        if self.error is not None:
            raise self.error

    def run(self, seconds: float) -> int:
        """How often the droplets were listed in this time, with a round every 15 s."""
        before, end = self.listings, self.now + seconds
        while self.now < end:
            settings = Settings(**dict.fromkeys(Settings.__dataclass_fields__, ""))  # type: ignore[arg-type]
            step.reconcile(replace(settings, metrics="127.0.0.1:1"), self.paths, "token")
            self.now += 15
        return self.listings - before


@pytest.fixture
def rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rounds:
    return Rounds(tmp_path, monkeypatch)


def test_a_clock_that_was_set_back_does_not_stop_the_listings(rounds: Rounds) -> None:
    rounds.run(HEALTHY_INTERVAL)
    rounds.now -= DAY
    assert rounds.run(2 * HEALTHY_INTERVAL) == 1


def test_the_eager_period_ends_though_the_clock_was_set_back(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "read_local_metrics", lambda _: metrics_with(active=frozenset()))
    rounds.run(60)
    rounds.now -= DAY
    rounds.run(EAGER_PERIOD + 60)
    assert rounds.run(600) <= 10


def test_a_member_that_the_api_slows_down_waits_as_long_as_it_says(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "read_local_metrics", lambda _: metrics_with(active=frozenset()))
    rounds.error = ListingError("429", refused={"retry-after": "300"})
    assert rounds.run(30) == 1
    rounds.paths.moved.touch()
    assert rounds.run(270) == 0
    rounds.error = None
    assert rounds.run(60) >= 3
    assert not rounds.paths.moved.exists()


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (ListingError("403", patient=True), 4, 10),
        (ListingError("500"), 20, 20),
        (OSError("full"), 20, 20),
    ],
)
def test_a_refused_token_is_tried_again_less_often(
    rounds: Rounds, monkeypatch: pytest.MonkeyPatch, error: Exception, least: int, most: int
) -> None:
    monkeypatch.setattr(step, "read_local_metrics", lambda _: metrics_with(active=frozenset()))
    rounds.error = error
    assert least <= rounds.run(300) <= most
