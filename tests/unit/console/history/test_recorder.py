from __future__ import annotations

from dataclasses import replace

from console.history.observation import Observation
from console.history.recorder import TimelineRecorder
from console.view.run import Step
from console.view.timeline import LeaderSpan, RunSpan, Span, Writes
from tests.console.fake_source import NAMES, member
from tests.unit.console.history.moments import ONE, START, THREE, TWO, Moments


def run_span(id_: str, began: float, ended: float | None) -> RunSpan:
    return RunSpan(id=id_, command="up", began=began, ended=ended, outcome="succeeded")


def test_a_healthy_cluster_has_a_row_for_each_member_and_no_bar() -> None:
    seen = Moments()
    seen.pass_(5)
    assert (seen.timeline.members, seen.timeline.down) == (NAMES, [])
    assert (seen.timeline.began, seen.timeline.most_down) == (START, 0)


def test_a_member_that_fails_is_down_by_an_outside_cause() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO, power="off")
    seen.pass_(3)
    assert seen.timeline.down == [Span(member=TWO, began=START + 1, ended=None, cause="outside")]
    seen.up(TWO)
    seen.pass_(2)
    assert seen.timeline.down == [Span(member=TWO, began=START + 1, ended=START + 4, cause="outside")]
    assert seen.timeline.most_down == 0


def test_a_rolling_change_has_one_bar_a_member_and_never_two_at_once() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    for at, name in enumerate(NAMES):
        seen.replace(name, 2000 + at)
    seen.end_run()
    seen.pass_()
    assert [(span.member, span.cause) for span in seen.timeline.down] == [(name, "run") for name in NAMES]
    assert all(span.ended is not None and span.ended - span.began == 3 for span in seen.timeline.down)
    assert seen.timeline.most_down == 1


def test_two_members_that_a_run_takes_down_together_are_counted() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    for name in (ONE, TWO):
        seen.step(name, "shutting down")
        seen.down(name)
        seen.pass_()
    assert seen.timeline.most_down == 2


def test_a_member_down_from_outside_during_a_run_is_no_work_of_the_run() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.down(ONE)
    seen.down(THREE)
    seen.pass_()
    assert {span.member: span.cause for span in seen.timeline.down} == {ONE: "run", THREE: "outside"}
    assert seen.timeline.most_down == 1


def test_a_run_that_tells_of_its_step_a_bit_later_is_the_cause() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.down(ONE)
    seen.pass_(2)
    seen.step(ONE, "deleting")
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["run"]


def test_a_run_that_begins_after_a_member_went_down_is_not_the_cause() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO)
    seen.pass_(2)
    seen.begin_run("1", steps=[])
    seen.pass_()
    seen.begin_run("1", steps=[Step(member=TWO, gate="open", droplet="joining")])
    seen.pass_(10)
    assert [span.cause for span in seen.timeline.down] == ["outside"]


def test_a_run_that_has_done_with_a_member_stays_the_cause() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.down(ONE)
    seen.pass_()
    seen.step(ONE, "done")
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["run"]


def test_a_repair_is_not_the_cause_of_what_it_repairs() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(ONE, power="absent", droplet_id=None)
    seen.pass_(20)
    seen.begin_run("1")
    seen.step(ONE, "creating")
    seen.pass_(5)
    seen.up(ONE, droplet_id=2000)
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["outside"]


def test_a_run_that_has_not_come_to_a_member_is_not_the_cause() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1", steps=[])
    seen.down(ONE)
    seen.pass_()
    seen.begin_run("2")
    seen.down(TWO)
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["outside", "outside"]
    assert seen.timeline.most_down == 0


def test_what_the_page_does_to_a_member_is_never_the_runs_work() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.disturb(ONE)
    seen.pass_(3)
    seen.down(ONE, power="off")
    seen.pass_(3)
    assert seen.downs(ONE) == [(4, None, "outside")]
    seen.up(ONE)
    seen.pass_()
    # The next time, the page has done nothing.
    seen.down(ONE)
    seen.pass_()
    assert [cause for _, _, cause in seen.downs(ONE)] == ["outside", "run"]


def test_a_joining_member_that_the_page_breaks_is_down_by_the_page() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.down(ONE)
    seen.pass_(3)
    seen.step(ONE, "joining")
    seen.pass_()
    seen.disturb(ONE)
    seen.pass_(2)
    assert seen.downs(ONE) == [(1, 4, "run"), (4, None, "outside")]


def joined_again() -> Moments:
    """A member that a run has replaced, and that is healthy again. The run goes on."""
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.down(ONE)
    seen.pass_(2)
    seen.step(ONE, "joining")
    seen.up(ONE)
    seen.pass_(2)
    return seen


def test_a_member_that_fails_after_it_joined_is_not_the_runs_work() -> None:
    seen = joined_again()
    seen.down(ONE)
    seen.pass_(2)
    assert [cause for _, _, cause in seen.downs(ONE)] == ["run", "outside"]


def test_a_paused_or_cut_off_member_is_not_the_runs_work() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    for name, fields in ((ONE, {"power": "paused"}), (TWO, {"cut_off": True})):
        seen.step(name, "shutting down")
        seen.down(name, **fields)
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["outside", "outside"]


def test_a_lost_quorum_is_not_the_runs_work() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1")
    seen.step(ONE, "shutting down")
    seen.down(TWO)
    seen.down(THREE)
    # It answers, and has no leader.
    seen.set(ONE, healthy=False, role="follower")
    seen.pass_()
    assert {span.cause for span in seen.timeline.down} == {"outside"}
    assert seen.timeline.most_down == 0


def test_a_destroy_is_no_failure_and_neither_is_the_next_creation() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1", steps=[], command="destroy")
    for name in NAMES:
        seen.down(name)
    seen.pass_(2)
    assert {span.cause for span in seen.timeline.down} == {"run"}
    for name in NAMES:
        seen.down(name, power="absent", droplet_id=None)
    seen.pass_()
    seen.end_run()
    seen.pass_()
    assert seen.timeline.most_down == 0
    assert [seen.downs(name) for name in NAMES] == [[(1, 3, "run")]] * 3
    seen.begin_run("2")
    for name in NAMES:
        seen.step(name, "creating")
        seen.down(name, power="active", droplet_id=7)
    seen.pass_(3)
    for name in NAMES:
        seen.up(name)
        seen.pass_()
    assert [seen.downs(name) for name in NAMES] == [[(1, 3, "run")]] * 3
    assert [seen.ups(name) for name in NAMES] == [[(0, 1), (8 + at, None)] for at in range(3)]


def test_a_first_creation_without_known_steps_takes_no_member_down() -> None:
    seen = Moments()
    for name in NAMES:
        seen.down(name)
    seen.pass_(3)
    for name in NAMES:
        seen.up(name)
        seen.pass_()
    assert (seen.timeline.down, seen.ups(THREE)) == ([], [(5, None)])


def test_a_replacement_that_goes_on_when_the_console_opens_is_the_runs() -> None:
    seen = Moments()
    seen.begin_run("1", steps=[Step(member=TWO, gate="open", droplet="joining")])
    seen.set(TWO, healthy=False, role="follower")
    seen.pass_()
    assert seen.downs(TWO) == [(0, None, "run")]


def test_members_are_up_while_they_are_seen_to_be_healthy() -> None:
    seen = Moments()
    seen.pass_(2)
    seen.down(TWO)
    seen.pass_(2)
    seen.up(TWO)
    seen.pass_()
    seen.set(TWO, healthy=None)
    seen.pass_()
    seen.up(TWO)
    seen.pass_()
    assert seen.ups(ONE) == [(0, None)]
    assert seen.ups(TWO) == [(0, 2), (4, 5), (6, None)]


def test_nobody_is_up_or_leads_while_the_cloud_does_not_answer() -> None:
    seen = Moments()
    seen.pass_()
    members, seen.members = seen.members, None
    seen.pass_(3)
    seen.members = members
    seen.pass_()
    assert [seen.ups(name) for name in NAMES] == [[(0, 1), (4, None)]] * 3
    assert [(span.began - START, span.ended) for span in seen.timeline.leaders] == [
        (0, START + 1),
        (4, None),
    ]


def test_a_member_of_which_nobody_knows_for_long_is_not_said_to_be_down() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO)
    seen.pass_(3)
    seen.members = None
    seen.pass_(14)
    assert seen.downs(TWO) == [(1, None, "outside")]
    seen.pass_(3)
    assert seen.downs(TWO) == [(1, 3, "outside")]


def test_only_what_is_in_the_window_counts_as_down_together() -> None:
    seen = Moments(window=10)
    seen.pass_()
    seen.begin_run("1")
    for name in (ONE, TWO):
        seen.step(name, "shutting down")
        seen.down(name)
    seen.pass_(2)
    seen.up(TWO)
    seen.pass_()
    assert seen.timeline.most_down == 2
    seen.pass_(11)
    assert seen.timeline.most_down == 1


def test_a_refresh_takes_no_member_down() -> None:
    seen = Moments()
    seen.pass_()
    seen.begin_run("1", steps=[])
    assert seen.run
    seen.run = seen.run.model_copy(update={"command": "refresh"})
    seen.down(ONE)
    seen.pass_()
    assert [span.cause for span in seen.timeline.down] == ["outside"]


def test_members_that_a_run_creates_for_the_first_time_are_not_down() -> None:
    seen = Moments()
    seen.begin_run("1", steps=[Step(member=name, gate="none", droplet="creating") for name in NAMES])
    for name in NAMES:
        seen.down(name)
    seen.pass_(5)
    seen.up(ONE)
    seen.pass_()
    seen.up(TWO)
    seen.up(THREE)
    seen.pass_()
    assert (seen.timeline.down, seen.timeline.most_down) == ([], 0)


def test_a_member_that_is_down_when_the_console_opens_has_a_bar() -> None:
    seen = Moments()
    seen.down(TWO)
    seen.pass_(2)
    assert seen.timeline.down == [Span(member=TWO, began=START, ended=None, cause="outside")]


def test_what_nobody_knows_changes_no_bar() -> None:
    seen = Moments()
    seen.pass_()
    seen.set(ONE, healthy=None)
    seen.down(TWO)
    seen.pass_()
    seen.set(TWO, healthy=None)
    seen.pass_()
    seen.members = None
    seen.pass_()
    assert seen.timeline.down == [Span(member=TWO, began=START + 1, ended=None, cause="outside")]
    assert seen.timeline.members == NAMES


def test_a_member_that_left_the_stack_is_down_no_more() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(THREE)
    seen.pass_()
    assert seen.members is not None
    del seen.members[THREE]
    seen.pass_()
    assert [span.ended for span in seen.timeline.down] == [START + 2]


def test_the_leaders_moves_are_kept() -> None:
    seen = Moments()
    seen.pass_(2)
    seen.set(ONE, role="follower")
    seen.pass_()
    seen.set(TWO, role="leader")
    seen.pass_()
    assert seen.timeline.leaders == [
        LeaderSpan(member=ONE, began=START, ended=START + 2),
        LeaderSpan(member=TWO, began=START + 3, ended=None),
    ]


def test_what_is_older_than_the_window_is_forgotten() -> None:
    seen = Moments(window=10)
    seen.pass_()
    seen.down(TWO)
    seen.pass_()
    seen.up(TWO)
    seen.pass_(5)
    assert len(seen.timeline.down) == 1
    seen.pass_(10)
    assert (seen.timeline.down, seen.timeline.began) == ([], seen.time - 10)
    # The leader leads still.
    assert [span.member for span in seen.timeline.leaders] == [ONE]


def test_the_time_line_begins_anew_after_a_gap() -> None:
    seen = Moments()
    seen.pass_()
    seen.down(TWO)
    seen.pass_(2)
    seen.skip(60)
    seen.up(TWO)
    seen.pass_()
    assert (seen.timeline.began, seen.timeline.down) == (seen.time, [])


def test_the_time_line_begins_anew_when_the_clock_was_set_back() -> None:
    seen = Moments()
    seen.pass_(3)
    seen.skip(-300)
    seen.begin_run("1")
    for name in (ONE, TWO):
        seen.step(name, "shutting down")
    seen.pass_()
    began = seen.time
    for name in (ONE, TWO):
        seen.down(name)
    seen.pass_(2)
    assert (seen.timeline.began, seen.timeline.most_down) == (began, 2)
    assert seen.ups(THREE) == [(began - START, None)]


def test_writes_are_kept_once_and_for_the_window() -> None:
    recorder = TimelineRecorder(window=3)
    now = Observation(START, [member(1)])
    for at in range(6):
        writes = [Writes(second=START + second, acknowledged=second, failed=0) for second in (at - 1, at)]
        recorder.observe(replace(now, time=START + at, writes=writes))
    assert [write.acknowledged for write in recorder.timeline.writes] == [2, 3, 4, 5]


def test_runs_that_ended_before_the_window_are_left_out() -> None:
    recorder = TimelineRecorder(window=10)
    runs = [
        run_span("old", 0, 10),
        run_span("recent", START - 20, START - 5),
        run_span("now", START - 1, None),
    ]
    timeline = recorder.observe(Observation(START, [member(1)], runs=runs))
    assert [run.id for run in timeline.runs] == ["recent", "now"]


def test_a_silent_member_is_down_since_it_was_silent() -> None:
    moments = Moments()
    moments.pass_(10)
    moments.down(ONE)
    moments.since[ONE] = moments.time - 3
    moments.pass_(2)
    assert moments.downs(ONE) == [(6, None, "outside")]


def test_a_run_that_ends_before_silence_is_seen_asked_for_it() -> None:
    moments = Moments()
    moments.pass_(10)
    moments.begin_run("1", [Step(member=ONE, gate="open", droplet="joining")])
    moments.pass_()
    moments.since[ONE] = moments.time - 0.5
    moments.end_run()
    moments.down(ONE)
    moments.pass_()
    assert [cause for *_, cause in moments.downs(ONE)] == ["run"]


def test_a_replacement_that_asks_no_gate_is_the_runs_work() -> None:
    seen = Moments()
    seen.pass_(10)
    seen.begin_run("1")
    seen.pass_()
    seen.down(TWO, power="off")
    seen.pass_(8)
    assert [cause for *_, cause in seen.downs(TWO)] == ["outside"]
    seen.down(TWO, power="absent", droplet_id=None)
    seen.step(TWO, "creating")
    seen.pass_()
    assert seen.downs(TWO) == [(11, None, "run")]
    assert seen.timeline.most_down == 1


def test_a_droplet_that_was_missing_when_the_run_began_is_not_its_work() -> None:
    seen = Moments()
    seen.pass_(10)
    seen.down(TWO, power="absent", droplet_id=None)
    seen.pass_(2)
    seen.begin_run("1")
    seen.step(TWO, "creating")
    seen.pass_()
    assert [cause for *_, cause in seen.downs(TWO)] == ["outside"]


def test_a_member_that_stumbles_after_the_run_has_done_with_it_is_not_its_work() -> None:
    seen = joined_again()
    seen.step(ONE, "done")
    seen.since[ONE] = seen.time
    seen.down(ONE)
    seen.pass_()
    assert [cause for *_, cause in seen.downs(ONE)] == ["run", "outside"]


def test_what_the_page_did_long_before_it_was_opened_again_is_no_cause() -> None:
    seen = Moments()
    seen.disturb(THREE)
    seen.skip(200)
    seen.begin_run("1", [Step(member=THREE, gate="open", droplet="joining")])
    seen.down(THREE)
    seen.pass_()
    assert [cause for *_, cause in seen.downs(THREE)] == ["run"]


def test_members_that_were_destroyed_keep_their_rows_while_they_have_bars() -> None:
    seen = Moments(window=60)
    seen.pass_(5)
    seen.members = {}
    seen.pass_()
    assert seen.timeline.members == list(NAMES)
    seen.pass_(70)
    assert seen.timeline.members == []
