"""A run requests a backup, and goes on only when a member has confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import etcd_node.backup.due as members_part
import pytest

from components.etcd.admin import ChangeRefusedError
from components.rollout import backup_request
from components.rollout.backup_request import OUTLIVES_SECONDS, RANDOM_SECONDS, BackupError, BackupRequests
from components.shared.backups import REQUEST_LEASE, confirmation_lease
from tests.unit.components.config.valid_settings import BACKUPS, settings

NAMES = ["a", "b"]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_request, "POLL_SECONDS", 0)


class FakeCluster:
    """Leases that all members have in common; ``answer`` is what the members do between two questions."""

    def __init__(self, answer: Callable[[FakeCluster], None] = lambda _: None) -> None:
        self.leases: dict[int, int] = {}
        self.requests = 0
        self.asked: list[str] = []
        self.refusals: list[str] = []
        self.answer = answer

    async def member(self, name: str) -> FakeCluster:
        self.asked.append(name)
        return self

    async def grant_lease(self, lease: int, seconds: int) -> None:
        assert lease not in self.leases
        self._refuse()
        self.leases[lease] = seconds
        self.requests += 1

    async def has_lease(self, lease: int) -> bool:
        self._refuse()
        self.answer(self)
        return lease in self.leases

    async def revoke_lease(self, lease: int) -> None:
        self.leases.pop(lease, None)

    def carry_out(self) -> None:
        """As the members do."""
        if REQUEST_LEASE in self.leases:
            self.leases[confirmation_lease(self.leases[REQUEST_LEASE])] = members_part.CONFIRMATION_SECONDS
            del self.leases[REQUEST_LEASE]

    def _refuse(self) -> None:
        if self.refusals:
            raise ChangeRefusedError(self.refusals.pop())


def requests_to(cluster: FakeCluster, *, limit: int = 600, **changes: Any) -> BackupRequests:
    changed = settings(**{**BACKUPS, "healthTimeoutSeconds": limit, **changes})
    return BackupRequests(changed, cluster.member)


def seconds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes with each reading of the clock."""
    monkeypatch.setattr(backup_request, "monotonic", iter(range(1000)).__next__)


async def take(requests: BackupRequests, purpose: str = "Before etcd 3.7.1") -> bool:
    return await requests.take(purpose, NAMES, ending="Nothing was touched.")


async def test_a_run_goes_on_when_a_member_has_confirmed_the_backup() -> None:
    cluster = FakeCluster(FakeCluster.carry_out)
    assert await take(requests_to(cluster))
    assert REQUEST_LEASE not in cluster.leases


async def test_each_purpose_has_one_backup_in_a_run() -> None:
    cluster = FakeCluster(FakeCluster.carry_out)
    requests = requests_to(cluster)
    assert await take(requests)
    assert not await take(requests)
    assert await take(requests, "Before members leave")
    assert cluster.requests == 2


async def test_without_backups_no_member_is_asked() -> None:
    cluster = FakeCluster()
    off = {"backupBucket": "", "backupAccessKey": "", "backupSecretKey": ""}
    assert not await take(requests_to(cluster, **off))
    assert cluster.asked == []


async def test_an_all_at_once_run_requests_a_backup_as_well() -> None:
    cluster = FakeCluster(FakeCluster.carry_out)
    assert await take(requests_to(cluster, rollout="all-at-once"))


async def test_a_request_that_expires_is_not_a_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_pass(monkeypatch)
    cluster = FakeCluster(lambda cluster: cluster.leases.clear())
    with pytest.raises(BackupError):
        await take(requests_to(cluster, limit=10))


async def test_the_confirmation_of_an_equally_long_request_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds_pass(monkeypatch)
    monkeypatch.setattr("secrets.randbelow", lambda _: 7)
    cluster = FakeCluster()
    cluster.leases = {confirmation_lease(10 + OUTLIVES_SECONDS + 7): members_part.CONFIRMATION_SECONDS}
    with pytest.raises(BackupError):
        await take(requests_to(cluster, limit=10))
    cluster.answer = FakeCluster.carry_out
    assert await take(requests_to(cluster, limit=10))


async def test_the_confirmation_of_another_request_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_pass(monkeypatch)
    cluster = FakeCluster()
    cluster.leases = {REQUEST_LEASE: 10, confirmation_lease(10): members_part.CONFIRMATION_SECONDS}
    with pytest.raises(BackupError):
        await take(requests_to(cluster, limit=10))
    assert cluster.requests == 1


async def test_at_the_limit_the_request_is_withdrawn_with_ways_out_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seconds_pass(monkeypatch)
    cluster = FakeCluster()
    with pytest.raises(BackupError) as caught:
        await take(requests_to(cluster, limit=40))
    assert cluster.leases == {}
    error = str(caught.value)
    assert error.startswith(
        "Before etcd 3.7.1: no backup was confirmed within 40 s (etcd:healthTimeoutSeconds). "
        "Last observed: no member has confirmed one yet."
    )
    assert "journalctl -u etcd-backup" in error
    assert "Without etcd:backupBucket" in error
    assert error.endswith("Nothing was touched.")
    logged = capfd.readouterr().err
    assert logged.count("waiting for a backup, ") == 2


async def test_a_member_that_does_not_answer_is_skipped() -> None:
    cluster = FakeCluster(FakeCluster.carry_out)
    cluster.refusals = ["b at 203.0.113.2: no answer", "a at 203.0.113.1: no answer"]
    assert await take(requests_to(cluster))
    assert cluster.asked[:3] == ["a", "b", "a"]
    assert cluster.requests == 1


async def test_the_error_has_the_last_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_pass(monkeypatch)
    cluster = FakeCluster()
    cluster.refusals = ["a answers 503"] * 100
    with pytest.raises(BackupError, match="Last observed: a answers 503"):
        await take(requests_to(cluster, limit=10))


async def test_without_a_member_to_ask_no_backup_is_confirmed() -> None:
    with pytest.raises(BackupError, match="no member answers"):
        await requests_to(FakeCluster()).take("Before members leave", [], ending="")


async def test_a_request_outlives_the_wait_for_it() -> None:
    lengths: list[int] = []

    def answer(cluster: FakeCluster) -> None:
        lengths.extend(cluster.leases.values())
        cluster.carry_out()

    for _ in range(20):
        assert await take(requests_to(FakeCluster(answer), limit=100))
    assert all(
        100 + OUTLIVES_SECONDS <= length < 100 + OUTLIVES_SECONDS + RANDOM_SECONDS for length in lengths
    )
    assert len(set(lengths)) > 10
