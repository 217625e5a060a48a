from __future__ import annotations

from tests.console.fake_source import NAMES
from tests.unit.console.history.moments import ONE, THREE, TWO, Moments, writer

REASON = (
    "etcd-server-2 is not healthy: etcd-server-2.example.test: no answer. Nothing was changed for this step."
)


def test_nothing_is_ticked_off_before_it_happened() -> None:
    seen = Moments()
    seen.writer = writer(running=False, acknowledged=0)
    seen.pass_(3)
    assert [step.name for step in seen.tour.steps] == ["writer", "change", "refused", "healed", "repaired"]
    assert seen.done() == []
    assert {step.seen for step in seen.tour.steps} == {""}


def test_a_writer_that_writes_is_ticked_off() -> None:
    seen = Moments()
    seen.writer = writer(acknowledged=0)
    seen.pass_()
    assert seen.done() == []
    seen.writer = writer(acknowledged=1)
    seen.pass_()
    assert seen.done() == ["writer"]
    seen.writer = writer(running=False)
    seen.pass_()
    assert seen.done() == ["writer"]


def changed(seen: Moments, *names: str) -> None:
    """Let a run replace these members."""
    seen.pass_()
    seen.begin_run("1")
    seen.pass_()
    for at, name in enumerate(names):
        seen.replace(name, 2000 + at)


def test_a_change_of_every_member_is_ticked_off_at_its_end() -> None:
    seen = Moments()
    changed(seen, *NAMES)
    assert seen.done() == []
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["change"]
    assert seen.seen("change") == "All 3 members restarted, one at a time, and the run ended well."


def test_reboots_are_a_change_as_well() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    for name in NAMES:
        seen.step(name, "shutting down")
        seen.down(name)
        seen.pass_()
        seen.step(name, "done")
        seen.up(name)
        seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["change"]


def test_a_change_of_some_members_is_not_ticked_off() -> None:
    seen = Moments()
    changed(seen, ONE, TWO)
    seen.end_run()
    seen.pass_()
    assert seen.done() == []


def test_a_change_that_failed_is_not_ticked_off() -> None:
    seen = Moments()
    changed(seen, *NAMES)
    seen.end_run("failed", "the API is down")
    seen.pass_()
    assert seen.done() == []


def test_a_change_of_two_members_at_once_is_not_ticked_off() -> None:
    seen = Moments()
    changed(seen, ONE)
    for name in (TWO, THREE):
        seen.step(name, "shutting down")
        seen.down(name)
    seen.pass_()
    for name in (TWO, THREE):
        seen.up(name)
        seen.step(name, "done")
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.timeline.most_down == 2
    assert seen.done() == []


def refused(seen: Moments, reason: str = REASON) -> None:
    """Let a run be refused."""
    seen.begin_run("2")
    seen.pass_()
    seen.end_run("refused", reason)
    seen.pass_()


def test_a_run_refused_for_a_member_that_is_down_is_ticked_off() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO, power="off")
    seen.pass_()
    refused(seen)
    assert seen.done() == ["refused"]
    assert seen.seen("refused") == "etcd-server-2 was down, so the run was refused."


def test_a_run_refused_for_another_reason_is_not_ticked_off() -> None:
    seen = Moments()
    seen.pass_()
    refused(seen)
    assert seen.done() == []
    seen.down(TWO, power="off")
    seen.pass_()
    assert seen.done() == []
    refused(seen, "etcd:size is 4: use an odd number from 1 to 9.")
    assert seen.done() == []


def healed(seen: Moments) -> None:
    """Let a member be healthy again after a run was refused because of it."""
    seen.pass_()
    seen.down(TWO, power="off")
    seen.pass_()
    refused(seen)
    seen.up(TWO)
    seen.down(ONE)
    seen.pass_()
    seen.up(ONE)
    seen.pass_()


def test_the_healing_is_ticked_off_when_a_change_goes_through_again() -> None:
    seen = Moments()
    healed(seen)
    assert seen.done() == ["refused"]
    seen.begin_run("2")
    seen.pass_()
    seen.replace(ONE, 2000)
    assert seen.done() == ["refused"]
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["refused", "healed"]


def test_a_run_that_changes_no_member_is_no_healing() -> None:
    seen = Moments()
    healed(seen)
    seen.begin_run("2")
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["refused"]


def test_a_change_that_fails_after_the_refusal_is_no_healing() -> None:
    seen = Moments()
    healed(seen)
    seen.begin_run("2")
    seen.pass_()
    seen.replace(ONE, 2000)
    seen.end_run("failed", "the API is down")
    seen.pass_()
    assert seen.done() == ["refused"]


def test_a_restart_of_the_console_keeps_the_tour() -> None:
    before = Moments()
    healed(before)
    seen = Moments(tour=before.tour)
    seen.skip(100)
    changed(seen, *NAMES)
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["change", "refused", "healed"]


def test_a_droplet_that_is_missing_when_the_console_starts_can_be_repaired() -> None:
    seen = Moments()
    seen.down(THREE, power="absent", droplet_id=None)
    seen.pass_()
    seen.begin_run("3")
    seen.step(THREE, "creating")
    seen.pass_()
    seen.up(THREE, droplet_id=3000)
    seen.end_run()
    seen.pass_()
    assert seen.done() == ["repaired"]


def test_a_cluster_created_again_after_a_destroy_is_neither_change_nor_repair() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1", steps=[], command="destroy")
    for name in NAMES:
        seen.down(name, power="absent", droplet_id=None)
    seen.pass_()
    seen.end_run()
    seen.pass_()
    seen.begin_run("2")
    for at, name in enumerate(NAMES):
        seen.step(name, "creating")
        seen.down(name, power="active", droplet_id=2000 + at)
    seen.pass_(2)
    for name in NAMES:
        seen.up(name)
    seen.end_run()
    seen.pass_(2)
    assert seen.done() == []


def test_a_member_that_is_healthy_again_without_a_refusal_is_no_healing() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO)
    seen.pass_()
    seen.up(TWO)
    seen.pass_()
    assert seen.done() == []


def test_a_droplet_created_again_by_a_run_is_ticked_off_when_all_are_healthy() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(THREE, power="absent", droplet_id=None)
    seen.pass_(2)
    seen.begin_run("3")
    seen.step(THREE, "creating")
    seen.pass_()
    seen.set(THREE, power="active", droplet_id=3000)
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.done() == []
    seen.up(THREE)
    seen.pass_()
    assert seen.done() == ["repaired"]
    assert "etcd-server-3" in seen.seen("repaired")


def test_a_droplet_that_a_run_deleted_is_no_repair() -> None:
    seen = Moments()
    changed(seen, ONE)
    seen.end_run()
    seen.pass_()
    assert seen.done() == []


def test_a_droplet_that_is_only_unknown_is_no_repair() -> None:
    seen = Moments()
    seen.pass_()
    seen.set(THREE, power=None, droplet_id=None)
    seen.pass_(2)
    seen.begin_run("3")
    seen.set(THREE, power="active", droplet_id=1003)
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.done() == []


def test_the_quota_before_the_tour_is_remembered_over_restarts() -> None:
    seen = Moments()
    seen.set(THREE, quota_bytes=None)
    seen.pass_()
    assert seen.tour.quota_bytes == 2 << 30
    for name in NAMES:
        seen.set(name, quota_bytes=3 << 30)
    seen.pass_()
    assert seen.tour.quota_bytes == 2 << 30
    again = Moments(tour=seen.tour)
    again.set(THREE, quota_bytes=3 << 30)
    again.pass_()
    assert again.tour.quota_bytes == 2 << 30


def test_a_quota_that_nobody_saw_before_the_change_stays_unknown() -> None:
    seen = Moments()
    seen.members = None
    seen.pass_()
    assert seen.tour.quota_bytes is None
