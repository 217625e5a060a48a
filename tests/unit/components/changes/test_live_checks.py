"""How the running members are checked before a step is recorded, and prepared for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS

from components.changes.force_snapshots import SNAPSHOT_ENTRIES, members_behind, needs_snapshots
from components.changes.immutable_settings import InvalidTransitionError
from components.changes.live_checks import LiveChecks, untrusting_members
from components.changes.staged_settings import StagedSettings
from components.config.releases import CHECKSUMS
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import DISTRUSTED, DISTRUSTS, MemberStatus, NoStatus, Observation
from tests.unit.components.changes.member_statuses import running
from tests.unit.components.config.valid_settings import settings

STEP = StagedSettings.of(settings())
GONE = NoStatus("its droplet is gone")


class KnownMembers(ClusterClient):
    """Members with known statuses, all of which have a droplet. Their log grows as a real one does."""

    def __init__(self, observations: Mapping[str, Observation]) -> None:
        self.observations = dict(observations)
        self.existing = pulumi.Output.from_input(frozenset(observations))
        self.entries = 0

    async def observe(self) -> Mapping[str, Observation]:
        return self.observations

    async def append_entries(self, through: str, count: int) -> None:
        self.entries += count
        self.observations = {
            name: replace(status, applied_index=status.applied_index + count)
            if isinstance(status, MemberStatus)
            else status
            for name, status in self.observations.items()
        }


def prepare(
    observations: Mapping[str, Observation],
    recorded: str | None,
    wanted: str,
    *,
    preview: bool = False,
    **changes: Any,
) -> int:
    """Check and prepare the members for a step to ``wanted``. Returns the number of log entries that this took."""
    requested = settings(version=wanted, releaseSha256=CHECKSUMS.get(wanted, "0" * 64), **changes)
    old = None if recorded is None else replace(STEP, version=recorded)

    async def run() -> int:
        members = KnownMembers(observations)
        await LiveChecks(requested, members).prepare(old, StagedSettings.of(requested), preview=preview)
        return members.entries

    return asyncio.run(run())


def problem(
    observations: Mapping[str, Observation], recorded: str | None, wanted: str, **changes: Any
) -> str:
    with pytest.raises(InvalidTransitionError) as rejected:
        prepare(observations, recorded, wanted, **changes)
    (reason, ending) = str(rejected.value).splitlines()
    assert ending == "No member was changed."
    return reason


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("components.changes.live_checks.PAUSE_SECONDS", 0)
    yield
    # Outputs that no test awaited belong to a closed event loop.
    SETTINGS.outputs.clear()


@pytest.mark.parametrize(
    ("recorded", "wanted"), [("3.6.41", "3.6.14"), ("3.6.41", "3.6.15"), ("3.7.1", "3.6.14")]
)
def test_a_version_that_no_answering_member_runs_may_be_reverted(recorded: str, wanted: str) -> None:
    prepare({"a": GONE, "b": running("3.6.14")}, recorded, wanted)


def test_without_any_answer_the_patch_release_may_be_reverted() -> None:
    prepare({"a": GONE}, "3.6.41", "3.6.14")
    prepare({}, "3.6.41", "3.6.14")


@pytest.mark.parametrize("rollout", ["one-at-a-time", "all-at-once"])
@pytest.mark.parametrize("preview", [False, True])
def test_a_minor_version_that_a_member_runs_is_not_reverted(rollout: str, preview: bool) -> None:
    observations = {"a": running("3.7.1"), "b": running("3.6.14")}
    reason = problem(observations, "3.7.1", "3.6.14", rollout=rollout, preview=preview)
    assert reason.startswith("a runs etcd 3.7.1. etcd:version is 3.6.14, and the cluster runs 3.7.1: ")
    assert "cannot go back to an older minor version" in reason
    assert reason.endswith("Set it back to 3.7.1")


@pytest.mark.parametrize("rollout", ["one-at-a-time", "all-at-once"])
def test_a_patch_release_may_go_back_while_members_run_the_newer_one(rollout: str) -> None:
    observations = {"a": running("3.6.14"), "b": running("3.6.13")}
    assert prepare(observations, "3.6.14", "3.6.13", rollout=rollout) == 0


@pytest.mark.parametrize("observations", [{"a": GONE, "b": GONE}, {}], ids=["silent", "without droplets"])
def test_without_any_answer_a_minor_version_is_not_reverted(observations: Mapping[str, Observation]) -> None:
    reason = problem(observations, "3.7.1", "3.6.14")
    assert "no member answers, so the cluster may have reached 3.7, and the members cannot go back" in reason
    assert "Set it to a release of 3.7, with etcd:releaseSha256. " in reason


def test_members_that_an_upgrade_left_behind_stop_the_next_version() -> None:
    observations = {"a": running("3.6.14", "3.5.0"), "b": running("3.5.33", "3.5.0")}
    assert "b runs etcd 3.5.33. " in problem(observations, "3.6.14", "3.7.1")


def test_members_write_snapshots_before_a_version_that_needs_them() -> None:
    both = {"a": running("3.6.14"), "b": running("3.6.14")}
    assert prepare(both, "3.6.14", "3.7.1") > SNAPSHOT_ENTRIES
    assert prepare(both, None, "3.7.1") > SNAPSHOT_ENTRIES


def test_no_snapshot_is_forced_in_a_preview_or_without_a_need() -> None:
    both = {"a": running("3.6.14"), "b": running("3.6.14")}
    assert prepare(both, "3.6.14", "3.7.1", preview=True) == 0
    assert prepare(both, "3.6.13", "3.6.14") == 0
    assert prepare({"a": running("3.5.33", "3.5.0")}, "3.5.33", "3.6.14") == 0
    # The record already had 3.7, so the snapshots were written then.
    assert prepare({"a": running("3.6.14"), "b": GONE}, "3.7.99", "3.7.1") == 0
    assert prepare({}, None, "3.7.1") == 0


def test_a_member_that_does_not_answer_must_be_repaired_first() -> None:
    reason = problem({"a": running("3.6.14"), "b": GONE}, "3.6.14", "3.7.1")
    assert "every member must write a snapshot first, and b does not answer. Set it to 3.6.14 and" in reason


def test_the_advice_is_the_version_that_members_run_not_the_recorded_one() -> None:
    assert "Set it to 3.6.14 and" in problem({"a": running("3.6.14"), "b": GONE}, "3.6.41", "3.7.1")


def test_without_any_answer_every_member_with_a_droplet_is_named() -> None:
    with pytest.raises(InvalidTransitionError) as rejected:
        prepare({"a": GONE, "b": GONE}, "3.6.14", "3.7.1")
    assert "a does not answer" in str(rejected.value)
    assert "b does not answer" in str(rejected.value)


def test_a_member_that_the_same_run_creates_needs_no_snapshot() -> None:
    observations = {
        "a": running("3.6.14"),
        "b": running("3.6.14"),
        "c": NoStatus("no droplet has this name"),
    }
    assert prepare(observations, "3.6.14", "3.7.1") > SNAPSHOT_ENTRIES


def test_a_snapshot_that_is_not_written_in_time_stops_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ignore(*_: object) -> None: ...

    monkeypatch.setattr(KnownMembers, "append_entries", ignore)
    monkeypatch.setattr(
        "components.changes.force_snapshots.time.monotonic", iter(range(0, 1000, 100)).__next__
    )
    monkeypatch.setattr("components.changes.force_snapshots.POLL_SECONDS", 0)
    observations = {"a": running("3.6.14"), "b": running("3.6.14")}
    reason = problem(observations, "3.6.14", "3.7.1", healthTimeoutSeconds=60)
    assert "needs a snapshot of every member, and a, b wrote none within 60 s" in reason


def test_only_an_upgrade_to_3_7_needs_snapshots() -> None:
    assert needs_snapshots(["3.7.1", "3.6.14"], "3.7.1")
    assert not needs_snapshots(["3.7.1"], "3.7.2")
    assert not needs_snapshots(["3.5.33"], "3.6.14")


def test_a_member_is_behind_until_it_has_applied_the_whole_log() -> None:
    status = running("3.6.14")
    observations = {"a": replace(status, applied_index=101), "b": status, "c": GONE}
    assert members_behind(101, "abc", observations) == ["b", "c"]


def test_a_member_that_does_not_trust_the_next_signer_is_named() -> None:
    old, new = replace(STEP, authorities=(1, 2)), replace(STEP, authorities=(2, 1))
    (reason,) = untrusting_members({"b": NoStatus(f"https://b: {DISTRUSTS}"), "c": GONE}, old, new)
    assert reason == (
        "etcd:authorities is [2, 1]: b does not trust CA 2 yet, which will sign. "
        "Set it to [1, 2] and complete a pulumi up first"
    )


def test_a_member_with_a_certificate_of_a_removed_ca_is_named() -> None:
    old, new = replace(STEP, authorities=(2, 1)), replace(STEP, authorities=(2,))
    (reason,) = untrusting_members({"b": NoStatus(f"https://b: {DISTRUSTED}")}, old, new)
    assert "b still uses a certificate of a CA that will be removed. Set it to [2, 1] and" in reason
