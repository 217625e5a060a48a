"""What members that run when a step is asked for have to say to it, and what is done to them before it is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from components.changes.force_snapshots import SNAPSHOT_ENTRIES, behind_of, needs_clean_logs
from components.changes.immutable_settings import TransitionRefusedError
from components.changes.live_checks import LiveChecks, untrusting
from components.changes.staged_settings import StagedSettings
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import DISTRUSTED, DISTRUSTS, MemberStatus, NoStatus, Observation
from tests.unit.components.changes.answers import answer
from tests.unit.components.config.valid_settings import settings

STEP = StagedSettings.of(settings())
GONE = NoStatus("its droplet is gone")


class Running:
    """Stands for ``ClusterClient``: those that have a droplet, and what each says."""

    def __init__(self, seen: Mapping[str, Observation]) -> None:
        self.seen = dict(seen)
        self.entries = 0
        self.existing = self

    async def future(self) -> frozenset[str]:
        return frozenset(self.seen)

    async def observe(self) -> Mapping[str, Observation]:
        return self.seen

    async def append_entries(self, _: str, count: int) -> None:
        self.entries += count
        self.seen = {
            name: replace(one, applied_index=one.applied_index + count)
            if isinstance(one, MemberStatus)
            else one
            for name, one in self.seen.items()
        }


def ask(
    seen: Mapping[str, Observation],
    recorded: str | None,
    wanted: str,
    *,
    preview: bool = False,
    **changes: Any,
) -> Running:
    """The members after a step to ``wanted`` was admitted, where ``recorded`` was the step before."""
    wished = settings(version=wanted, releaseSha256="0" * 64, **changes)
    running = Running(seen)
    old = None if recorded is None else replace(STEP, version=recorded)
    readiness = LiveChecks(wished, cast("ClusterClient", running))
    asyncio.run(readiness.admit(old, StagedSettings.of(wished), preview=preview))
    return running


def refusal(seen: Mapping[str, Observation], recorded: str | None, wanted: str, **changes: Any) -> str:
    with pytest.raises(TransitionRefusedError) as refused:
        ask(seen, recorded, wanted, **changes)
    (said, untouched) = str(refused.value).splitlines()
    assert untouched == "No member was touched."
    return said


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.changes.live_checks.PAUSE_SECONDS", 0)


@pytest.mark.parametrize(
    ("recorded", "wanted"), [("3.6.41", "3.6.14"), ("3.6.41", "3.6.15"), ("3.7.1", "3.6.14")]
)
def test_a_version_that_reached_no_member_that_answers_is_taken_back(recorded: str, wanted: str) -> None:
    ask({"a": GONE, "b": answer("3.6.14")}, recorded, wanted)


def test_the_only_member_whose_install_failed_is_given_another_release_of_the_same_minor_version() -> None:
    ask({"a": GONE}, "3.6.41", "3.6.14")
    ask({}, "3.6.41", "3.6.14")


@pytest.mark.parametrize("rollout", ["one-at-a-time", "all-at-once"])
@pytest.mark.parametrize("preview", [False, True])
def test_a_version_that_a_member_runs_is_not_taken_back(rollout: str, preview: bool) -> None:
    seen = {"a": answer("3.6.14"), "b": answer("3.6.13")}
    said = refusal(seen, "3.6.14", "3.6.13", rollout=rollout, preview=preview)
    assert said.startswith("a runs etcd 3.6.14. etcd:version is 3.6.13, and the cluster has 3.6.14: ")
    assert "etcd does not go back. Set it to 3.6.14 or newer" in said


@pytest.mark.parametrize("seen", [{"a": GONE, "b": GONE}, {}], ids=["silent", "without droplets"])
def test_a_minor_version_is_not_taken_back_when_nobody_can_tell_that_it_was_not_reached(
    seen: Mapping[str, Observation],
) -> None:
    said = refusal(seen, "3.7.1", "3.6.14")
    assert "no member answers that could tell whether the cluster has 3.7 already" in said
    assert "Set it to a release of 3.7. " in said


def test_a_version_is_not_recorded_over_members_that_an_interrupted_upgrade_left_behind() -> None:
    seen = {"a": answer("3.6.14", "3.5.0"), "b": answer("3.5.33", "3.5.0")}
    assert "b runs etcd 3.5.33. " in refusal(seen, "3.6.14", "3.7.1")


def test_every_log_is_clean_before_a_version_is_recorded_that_could_not_read_it() -> None:
    assert ask({"a": answer("3.6.14"), "b": answer("3.6.14")}, "3.6.14", "3.7.1").entries > SNAPSHOT_ENTRIES
    assert ask({"a": answer("3.6.14"), "b": answer("3.6.14")}, None, "3.7.1").entries > SNAPSHOT_ENTRIES


def test_logs_are_left_alone_in_a_preview_and_where_every_version_reads_them() -> None:
    both = {"a": answer("3.6.14"), "b": answer("3.6.14")}
    assert ask(both, "3.6.14", "3.7.1", preview=True).entries == 0
    assert ask(both, "3.6.13", "3.6.14").entries == 0
    assert ask({"a": answer("3.5.33", "3.5.0")}, "3.5.33", "3.6.14").entries == 0
    # The record has passed to 3.7 before, so they are clean.
    assert ask({"a": answer("3.6.14"), "b": GONE}, "3.7.99", "3.7.1").entries == 0
    assert ask({}, None, "3.7.1").entries == 0


def test_a_member_that_is_silent_cannot_clean_its_log_and_is_repaired_first() -> None:
    said = refusal({"a": answer("3.6.14"), "b": GONE}, "3.6.14", "3.7.1")
    assert "every member takes a snapshot before it, and b does not answer. Set it to 3.6.14 and" in said


def test_the_way_out_is_what_members_run_and_not_what_was_recorded_for_them() -> None:
    assert "Set it to 3.6.14 and" in refusal({"a": answer("3.6.14"), "b": GONE}, "3.6.41", "3.7.1")


def test_no_member_that_answers_is_no_clean_log() -> None:
    with pytest.raises(TransitionRefusedError) as refused:
        ask({"a": GONE, "b": GONE}, "3.6.14", "3.7.1")
    assert "a does not answer" in str(refused.value)
    assert "b does not answer" in str(refused.value)


def test_a_member_that_is_to_be_made_in_the_same_run_is_not_waited_for() -> None:
    seen = {"a": answer("3.6.14"), "b": answer("3.6.14"), "c": NoStatus("no droplet has this name")}
    assert ask(seen, "3.6.14", "3.7.1").entries > SNAPSHOT_ENTRIES


def test_a_log_that_does_not_become_clean_in_time_leaves_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    async def swallow(*_: object) -> None: ...

    monkeypatch.setattr(Running, "append_entries", swallow)
    monkeypatch.setattr(
        "components.changes.force_snapshots.time.monotonic", iter(range(0, 1000, 100)).__next__
    )
    monkeypatch.setattr("components.changes.force_snapshots.POLL_SECONDS", 0)
    said = refusal({"a": answer("3.6.14"), "b": answer("3.6.14")}, "3.6.14", "3.7.1", healthTimeoutSeconds=60)
    assert "every member writes a snapshot, and a, b did not within 60 s" in said


def test_logs_are_cleaned_on_the_way_to_3_7_alone() -> None:
    assert needs_clean_logs(["3.7.1", "3.6.14"], "3.7.1")
    assert not needs_clean_logs(["3.7.1"], "3.7.2")
    assert not needs_clean_logs(["3.5.33"], "3.6.14")


def test_every_member_that_was_seen_must_have_applied_the_whole_log() -> None:
    well = answer("3.6.14")
    assert behind_of(101, "abc", {"a": replace(well, applied_index=101), "b": well, "c": GONE}) == ["b", "c"]


def test_a_member_that_does_not_trust_the_next_signer_sends_the_operator_back_to_the_step_before() -> None:
    old, new = replace(STEP, authorities=(1, 2)), replace(STEP, authorities=(2, 1))
    (said,) = untrusting({"b": NoStatus(f"https://b: {DISTRUSTS}"), "c": GONE}, old, new)
    assert said == (
        "etcd:authorities is [2, 1]: b does not trust CA 2 yet, which is to sign. "
        "Set it to [1, 2] and let a pulumi up end well first"
    )


def test_a_member_with_a_certificate_of_the_ca_that_is_dropped_does_as_well() -> None:
    old, new = replace(STEP, authorities=(2, 1)), replace(STEP, authorities=(2,))
    (said,) = untrusting({"b": NoStatus(f"https://b: {DISTRUSTED}")}, old, new)
    assert "b still shows a certificate of a CA that is to be dropped. Set it to [2, 1] and" in said
