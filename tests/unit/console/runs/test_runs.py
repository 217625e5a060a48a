"""What runs wrote, the history and locks become runs that the page shows."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.run_log.events import Began, DropletStep, Ended, Event, Gate, Members, Said, Waited, Waiting
from console.runs.history import Update, parse_history
from console.runs.locks import Lock, read_locks
from console.runs.merge import merged
from console.runs.reader import RunReader
from console.runs.summary import summarize
from console.view.run import Run

ONE, TWO, THREE = (f"etcd-server-{number}.example.test" for number in (1, 2, 3))
BEGIN: list[Event] = [
    Began(time=100, preview=False),
    Members(time=101, cluster="etcd", members=[ONE, TWO, THREE]),
]
SUCCESS = Ended(time=120, cluster="etcd", outcome="succeeded")


def states(run: Run) -> list[tuple[str, str]]:
    return [(step.gate, step.droplet) for step in run.steps]


def running(events: Sequence[Event]) -> Run:
    return summarize("1", events, locked=True)


def ended(events: Sequence[Event]) -> Run:
    return summarize("1", events, locked=False)


def test_a_gate_that_waits_says_for_what_and_since_when() -> None:
    run = running(
        [
            *BEGIN,
            Gate(time=102, member=TWO, state="asked"),
            Waiting(time=103, purpose=f"Before {TWO} may change", text=f"{ONE}: refused"),
            Waiting(time=105, purpose=f"Before {TWO} may change", text=f"{ONE}: silent"),
        ]
    )
    assert run.outcome == "running"
    assert run.waiting_for == f"Before {TWO} may change: {ONE}: silent"
    assert run.waiting_since == 103
    assert states(run)[1] == ("asked", "waiting")


def test_a_wait_that_ended_is_no_wait() -> None:
    run = running([*BEGIN, Waiting(time=103, purpose="a", text="b"), Waited(time=104, purpose="a")])
    assert run.waiting_for is None


def test_of_two_waits_the_older_one_is_shown() -> None:
    waits = [Waiting(time=103, purpose="a", text="b"), Waiting(time=104, purpose="c", text="d")]
    assert running([*BEGIN, *waits]).waiting_for == "a: b"


def test_a_member_that_joins_is_done_when_the_next_gate_opens() -> None:
    steps: list[Event] = [
        *BEGIN,
        DropletStep(time=110, member=ONE, state="joining"),
        Gate(time=112, member=TWO, state="open"),
        DropletStep(time=112, member=TWO, state="shutting down"),
    ]
    assert states(running(steps)) == [("none", "done"), ("open", "shutting down"), ("none", "waiting")]


def test_a_run_that_says_its_end_succeeded() -> None:
    run = ended([*BEGIN, DropletStep(time=110, member=ONE, state="joining"), SUCCESS])
    assert (run.outcome, run.ended) == ("succeeded", 120)
    assert states(run) == [("none", "done"), ("none", "unchanged"), ("none", "unchanged")]


def test_a_run_is_over_when_its_process_ends() -> None:
    assert running([*BEGIN, SUCCESS]).outcome == "running"


def test_a_preview_is_over_although_its_process_waits_for_the_user() -> None:
    run = running([Began(time=100, preview=True), BEGIN[1], SUCCESS])
    assert (run.command, run.outcome) == ("preview", "succeeded")


def test_a_refused_run_has_its_reason() -> None:
    refusal = Ended(time=110, cluster="etcd", outcome="refused", reason="etcd-server-1 is down")
    run = ended([*BEGIN, refusal])
    assert (run.outcome, run.reason) == ("refused", "etcd-server-1 is down")
    assert [(line.severity, line.text) for line in run.lines] == [("error", "etcd-server-1 is down")]


def test_of_several_clusters_one_refusal_is_the_runs() -> None:
    run = ended(
        [
            *BEGIN,
            Members(time=101, cluster="other", members=["etcd-server-1.other.test"]),
            Ended(time=110, cluster="other", outcome="refused", reason="no"),
            SUCCESS,
        ]
    )
    assert (run.outcome, len(run.steps)) == ("refused", 4)


def test_of_two_clusters_both_have_to_succeed() -> None:
    other = Members(time=101, cluster="other", members=["etcd-server-1.other.test"])
    assert ended([*BEGIN, other, SUCCESS]).outcome == "interrupted"


def test_a_killed_run_is_interrupted() -> None:
    run = ended(BEGIN)
    assert run.outcome == "interrupted"
    assert "killed" in run.reason


def test_the_last_hundred_lines_are_shown() -> None:
    said = [Said(time=102, severity="info", text=str(number)) for number in range(150)]
    assert [line.text for line in running([*BEGIN, *said]).lines] == [str(n) for n in range(50, 150)]


def test_the_history_says_how_a_run_ended_that_did_not_say_it() -> None:
    killed = ended([*BEGIN, DropletStep(time=110, member=ONE, state="creating")])
    (run,) = merged([killed], [Update("update", 99, 130, False)], [])
    assert (run.outcome, run.ended) == ("failed", 130)
    assert "the terminal of the run says which" in run.reason
    assert "run pulumi up: it goes on where this run ended" in run.reason


def test_the_history_keeps_the_reason_of_a_refusal() -> None:
    refused = ended([*BEGIN, Ended(time=110, cluster="etcd", outcome="refused", reason="no")])
    (run,) = merged([refused], [Update("update", 99, 130, False)], [])
    assert (run.outcome, run.reason) == ("refused", "no")


def test_a_destroy_in_the_history_is_a_run_without_steps() -> None:
    (first, second) = merged([ended([*BEGIN, SUCCESS])], [Update("destroy", 200, 230, True)], [])
    assert (first.command, second.command, second.steps) == ("up", "destroy", [])
    assert (first.told, second.told) == (True, False)


def test_short_runs_get_their_own_entries_of_the_history() -> None:
    def short(began: float) -> Run:
        return ended(
            [Began(time=began, preview=False), Ended(time=began + 1, cluster="", outcome="succeeded")]
        )

    history = [Update("refresh", 102, 104, True), Update("update", 100, 102, True)]
    runs = merged([short(100.5), short(103)], history, [])
    assert [run.command for run in runs] == ["up", "refresh"]


def test_a_lock_alone_is_a_run_that_goes_on() -> None:
    (run,) = merged([], [], [Lock(300, "destroy")])
    assert (run.command, run.outcome, run.ended) == ("destroy", "running", None)
    assert not run.told


def test_a_preview_does_not_hide_a_destroy_of_which_the_lock_is_known() -> None:
    preview = ended([Began(time=310, preview=True), BEGIN[1], SUCCESS])
    runs = merged([preview], [], [Lock(300, "destroy")])
    assert [(run.command, run.outcome) for run in runs] == [("destroy", "running"), ("preview", "succeeded")]


def test_a_lock_of_a_run_that_writes_is_no_second_run() -> None:
    (run,) = merged([running(BEGIN)], [], [Lock(99, "destroy")])
    assert run.command == "destroy"


@pytest.mark.parametrize(
    ("locks", "advice"),
    [
        ([], "Run pulumi up:"),
        ([Lock(99, "other", held=False)], "Run pulumi cancel, then pulumi up"),
        (None, "If it says that the stack is locked, run pulumi cancel first."),
    ],
)
def test_a_killed_run_says_what_to_do(locks: list[Lock] | None, advice: str) -> None:
    (run,) = merged([ended(BEGIN)], [], locks)
    assert run.outcome == "interrupted"
    assert advice in run.reason
    assert ("cancel" in run.reason) == (locks != [])


def test_a_run_whose_engine_was_killed_says_that_the_stack_is_locked() -> None:
    failed = ended([*BEGIN, Ended(time=110, cluster="etcd", outcome="failed", reason="no engine.")])
    (run,) = merged([failed], [], [Lock(99, "other", held=False)])
    assert run.reason.startswith("no engine. It left the stack locked. Run pulumi cancel")


def test_a_program_that_outlives_its_engine_is_no_second_run() -> None:
    (run,) = merged([running(BEGIN)], [], [Lock(99, "other", held=False)])
    assert run.outcome == "running"


def test_a_lock_that_was_left_before_the_program_began_is_an_interrupted_run() -> None:
    (run,) = merged([], [], [Lock(300, "other", held=False)])
    assert (run.outcome, run.began, run.ended) == ("interrupted", 300, 300)
    assert "pulumi cancel, then pulumi up" in run.reason


def test_a_run_killed_after_its_preview_is_the_last_run() -> None:
    preview = running([Began(time=100, preview=True), BEGIN[1], SUCCESS])
    runs = merged([preview], [], [Lock(99, "other", held=False)])
    assert [(run.command, run.outcome) for run in runs] == [
        ("preview", "succeeded"),
        ("other", "interrupted"),
    ]


def test_a_lock_of_a_new_run_does_not_belong_to_a_run_killed_before() -> None:
    (killed, run) = merged([ended(BEGIN)], [], [Lock(300, "up")])
    assert (killed.outcome, run.outcome) == ("interrupted", "running")
    assert "cancel" not in killed.reason


@pytest.mark.parametrize(
    "words", ["listing: rpc error: code = Canceled desc = context canceled", "^C received"]
)
def test_an_error_that_only_says_that_the_engine_was_interrupted_is_one(words: str) -> None:
    said = ended([*BEGIN, Ended(time=110, cluster="etcd", outcome="failed", reason=words)])
    (run,) = merged([said], [Update("update", 99, 130, False)], [])
    assert run.outcome == "interrupted"
    assert "Run pulumi up again" in run.reason
    assert [line.text for line in run.lines] == [words]


def test_an_entry_of_the_history_that_cannot_be_read_is_left_out() -> None:
    good = {
        "kind": "update",
        "startTime": "2026-11-28T07:00:51.000Z",
        "endTime": "2026-11-28T07:00:58.000Z",
        "result": "failed",
    }
    going_on = {"kind": "destroy", "startTime": "2026-11-28T07:01:51.000Z", "result": "in-progress"}
    (update,) = parse_history(json.dumps([going_on, good, "text"]))
    assert (update.kind, update.ended - update.began, update.succeeded) == ("update", 7, False)
    assert parse_history("no history") == parse_history("") == []


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    locked_by(tmp_path, 7)
    return tmp_path


def locked_by(backend: Path, process: int) -> None:
    """The stack is locked by a process of this machine."""
    folder = backend / ".pulumi/locks/organization/etcd/local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.json").write_text(json.dumps({"pid": process, "hostname": socket.gethostname()}))


@pytest.mark.parametrize(
    ("words", "command", "held"),
    [
        ("/usr/bin/pulumi\0-C\0.\0destroy\0--yes\0", "destroy", True),
        ("pulumi\0--version\0", "other", True),
        ("sleep\09\0", "other", False),
    ],
)
def test_the_process_of_a_lock_says_its_command(
    backend: Path, tmp_path: Path, words: str, command: str, held: bool
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cmdline").write_text(words)
    locks = read_locks(backend, "etcd", "local", processes=tmp_path)
    assert [(lock.command, lock.held) for lock in locks] == [(command, held)]


def test_the_lock_of_a_process_that_ended_is_not_held(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    locked_by(tmp_path, process.pid)
    assert [lock.held for lock in read_locks(tmp_path, "etcd", "local")] == [False]


def test_a_lock_is_held_where_the_system_hides_processes(tmp_path: Path) -> None:
    locked_by(tmp_path, os.getpid())
    locks = read_locks(tmp_path, "etcd", "local", processes=tmp_path / "none")
    assert [(lock.command, lock.held) for lock in locks] == [("other", True)]


def test_a_lock_of_another_users_hidden_process_is_held(
    backend: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(process: int, signal: int) -> None:
        assert (process, signal) == (7, 0)
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert [lock.held for lock in read_locks(backend, "etcd", "local", processes=tmp_path)] == [True]


def test_nobody_knows_the_process_of_another_machine(backend: Path, tmp_path: Path) -> None:
    lock = backend / ".pulumi/locks/organization/etcd/local/1.json"
    lock.write_text(json.dumps({"pid": 7, "hostname": "another"}))
    assert read_locks(backend, "etcd", "local", processes=tmp_path) == []


@pytest.fixture
def reader(tmp_path: Path) -> RunReader:
    opened = RunReader(tmp_path / "etcd" / "fra1")
    opened.open()
    return opened


def written(tmp_path: Path, events: Sequence[Event], name: str = "1000000000000000000-7-run") -> Path:
    file = tmp_path / "etcd" / "fra1" / f"{name}.jsonl"
    file.write_text("".join(f"{event.model_dump_json()}\n" for event in events))
    return file


def test_the_folder_is_the_users_alone(reader: RunReader, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "etcd" / "fra1").stat().st_mode) == 0o700


def test_a_run_is_followed_until_its_lock_ends(reader: RunReader, tmp_path: Path) -> None:
    assert reader.read().last is None
    file = written(tmp_path, BEGIN)
    with file.open("a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert (run := reader.read().last) is not None
        assert run.outcome == "running"
        log.write(SUCCESS.model_dump_json()[:20])
        log.flush()
        assert (run := reader.read().last) is not None
        assert run.outcome == "running"
        log.write(f"{SUCCESS.model_dump_json()[20:]}\n")
    assert (run := reader.read().last) is not None
    assert run.outcome == "succeeded"
    assert [span.outcome for span in reader.read().spans] == ["succeeded"]


def test_a_preview_beside_a_run_does_not_hide_it(reader: RunReader, tmp_path: Path) -> None:
    file = written(tmp_path, BEGIN)
    preview = written(tmp_path, [Began(time=110, preview=True), BEGIN[1]], "2000000000000000000-8-run")
    with file.open("a") as log, preview.open("a") as other:
        fcntl.flock(log, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX)
        beside = reader.read()
        assert [span.command for span in beside.spans] == ["up", "preview"]
        assert (last := beside.last) is not None
        assert (last.command, last.outcome) == ("up", "running")
        log.write(SUCCESS.model_dump_json() + "\n")
        log.close()
        assert (last := reader.read().last) is not None
        assert (last.command, last.outcome) == ("preview", "running")
    assert (last := reader.read().last) is not None
    assert (last.command, last.outcome) == ("preview", "interrupted")


def test_an_event_of_a_newer_program_is_left_out(reader: RunReader, tmp_path: Path) -> None:
    file = written(tmp_path, BEGIN)
    with file.open("a") as log:
        log.write('{"event": "unheard-of"}\n')
    assert (run := reader.read().last) is not None
    assert len(run.steps) == 3


def test_a_file_that_a_newer_run_deleted_is_gone(reader: RunReader, tmp_path: Path) -> None:
    file = written(tmp_path, [*BEGIN, SUCCESS])
    assert reader.read().last is not None
    file.unlink()
    assert reader.read().last is None


def test_a_folder_that_was_deleted_or_opened_is_made_private_again(reader: RunReader, tmp_path: Path) -> None:
    folder = tmp_path / "etcd" / "fra1"
    folder.rmdir()
    reader.read()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    reader.read()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert reader.problem == ""


def test_a_folder_that_cannot_be_made_is_a_problem_until_it_can(reader: RunReader, tmp_path: Path) -> None:
    folder = tmp_path / "etcd" / "fra1"
    folder.rmdir()
    folder.write_text("a file")
    reader.read()
    assert f"they cannot write to {folder}: File exists" in reader.problem
    folder.unlink()
    folder.symlink_to(tmp_path)
    reader.read()
    assert "it is a link, or belongs to another user" in reader.problem
    folder.unlink()
    reader.read()
    assert reader.problem == ""


def test_a_run_began_when_its_engine_did() -> None:
    (told,) = merged([running(BEGIN)], [], [Lock(94, "up")])
    assert told.began == 94
    (over,) = merged([ended([*BEGIN, SUCCESS])], [Update("update", 94, 121, True)], [])
    assert (over.began, over.ended) == (94, 121)


def test_a_run_after_a_preview_did_not_begin_with_the_lock() -> None:
    preview = ended([Began(time=96, preview=True), Ended(time=98, cluster="etcd", outcome="succeeded")])
    runs = merged([preview, running(BEGIN)], [], [Lock(94, "up")])
    assert [run.began for run in runs] == [96, 100]
