"""Preconditions of a recovery, its tokens, and the settings that it changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from etcd_node.bootstrap import restore
from etcd_node.etcd.membership import ListedMember, MemberList, bootstrap_cluster_id, cluster_name
from etcd_node.etcd.wal import Contents, Disk, Identity
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.host.volume import set_aside
from etcd_node.recovery import recover
from etcd_node.recovery.preconditions import Consent, find_objection, newer_data
from etcd_node.recovery.recover import Plan, stop_process
from etcd_node.recovery.survey import MemberObservation, MemberState, Survey
from etcd_node.recovery.verdict import step

from tests.unit.etcd_node.bootstrap.test_restoration import FakeBucket

MEMBERS = ("m1", "m2", "m3")
QUORUM = Survey((), MemberList(1, tuple(ListedMember(7, name, (), learner=False) for name in MEMBERS)))
SILENT = Survey(
    (
        MemberObservation("m2", MemberState.SILENT, "no answer in time"),
        MemberObservation("m3", MemberState.BLANK),
    )
)
NAME = f"20261125T174057Z_r000000012345_k812_v3.6.14_c_{'ab' * 32}.db.gz"
NEWER = NAME.replace("_v3.6.14_", "_v3.7.1_")
BACKUPS = {
    "endpoint": "https://s3.test",
    "bucket": "b",
    "region": "r",
    "access_key": "i",
    "secret_key": "s",
    "ca_certificate": "",
    "prefix": "etcd-test/",
    "interval": 3600,
    "retention": 0,
    "upload_headers": {},
}
SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "token": "old",
        "version": "3.6.14",
        "initial_members": MEMBERS,
        "recovered": False,
    }
)


@pytest.mark.parametrize("consent", [
    Consent(), Consent(give_up="token"), Consent(even_with_quorum=True), Consent(True, "another"),
    Consent(silent_are_down=True),
])  # fmt: skip
def test_a_cluster_with_quorum_is_kept_without_both_options(consent: Consent) -> None:
    objection = find_objection(QUORUM, "token", consent)
    assert objection is not None
    assert "The cluster has a quorum. Its voters are m1, m2, m3." in objection.reason
    assert objection.options == (
        ("--give-up", "token") if consent.even_with_quorum else ("--even-with-quorum",)
    )


def test_a_cluster_with_quorum_is_discarded_with_both_options() -> None:
    assert find_objection(QUORUM, "token", Consent(even_with_quorum=True, give_up="token")) is None


def test_a_member_that_follows_a_leader_shows_a_quorum() -> None:
    following = Survey(
        (MemberObservation("m2", MemberState.HAS_LEADER), MemberObservation("m3", MemberState.NO_LEADER))
    )
    objection = find_objection(following, "token", Consent(silent_are_down=True))
    assert objection is not None
    assert "These members follow a leader: m2. It" in objection.reason


def test_silent_members_count_as_down_only_with_an_option() -> None:
    objection = find_objection(SILENT, "token", Consent())
    assert objection is not None
    assert "but m2 is silent (no answer in time). Silent is not down" in objection.reason
    assert objection.options == ("--silent-are-down",)
    assert find_objection(SILENT, "token", Consent(silent_are_down=True)) is None


def test_a_follower_without_a_majority_may_run_in_a_quorum() -> None:
    voters = frozenset({"m1", "m2", "m3", "m4"})
    follower = MemberObservation("m2", MemberState.HAS_LEADER)
    objection = find_objection(Survey((follower,), voters=voters), "token", Consent(silent_are_down=True))
    assert objection is not None
    assert objection.reason == "m2 runs etcd and follows a leader: it may run in a quorum."
    assert objection.options == ()


@pytest.mark.parametrize("state", [MemberState.OFF, MemberState.STOPPED, MemberState.NO_LEADER])
def test_a_cluster_of_one_leaves_out_no_data_that_may_be_newer(state: MemberState) -> None:
    survey = Survey((MemberObservation("m2", state), MemberObservation("m3", MemberState.BLANK)))
    objection = newer_data(survey, Consent(silent_are_down=True))
    assert objection is not None
    assert step(survey.others[0]) in objection.reason
    assert "m3" not in objection.reason
    assert objection.options == ("--others-are-older",)
    assert newer_data(survey, Consent(others_are_older=True)) is None


@pytest.mark.parametrize("state", [MemberState.BLANK, MemberState.NO_DROPLET])
def test_a_cluster_of_one_needs_no_option_where_nothing_is_left(state: MemberState) -> None:
    assert newer_data(Survey((MemberObservation("m2", state),)), Consent()) is None


def test_a_learner_that_follows_a_leader_shows_no_quorum() -> None:
    following = MemberObservation("m2", MemberState.HAS_LEADER)
    gone = MemberObservation("m3", MemberState.OFF)
    assert Survey((following, gone), voters=frozenset({"m1", "m3"})).quorum == []
    assert Survey((following, gone), voters=frozenset({"m1", "m2", "m3"})).quorum == ["m2"]
    assert Survey((following, gone), voters=frozenset({"m1", "m2", "m3", "m4"})).quorum == []


def test_a_quorum_is_named_without_its_learners() -> None:
    listed = (ListedMember(1, "m1", (), learner=False), ListedMember(2, "m2", (), learner=True))
    assert Survey((), MemberList(1, listed)).quorum == ["m1"]


def test_a_member_that_refuses_is_never_taken_for_silent() -> None:
    refusing = Survey((MemberObservation("m2", MemberState.REFUSES, "user name is empty"),))
    objection = find_objection(refusing, "token", Consent(silent_are_down=True))
    assert objection is not None
    assert "m2 answers, but does not tell its state (user name is empty)" in objection.reason
    assert objection.options == ()


@pytest.mark.parametrize("state", [
    MemberState.NO_LEADER, MemberState.BLANK, MemberState.STOPPED, MemberState.OFF, MemberState.NO_DROPLET,
])  # fmt: skip
def test_members_that_are_known_to_have_no_quorum_need_no_option(state: MemberState) -> None:
    assert (
        find_objection(
            Survey((MemberObservation("m2", state), MemberObservation("m3", state))), "token", Consent()
        )
        is None
    )


def test_the_same_plan_gives_the_same_token() -> None:
    plan = Plan(NAME, MEMBERS, "monday")
    assert plan.token(SETTINGS) == Plan(NAME, MEMBERS[::-1], "monday").token(SETTINGS)


def test_another_backup_member_list_or_label_gives_another_token() -> None:
    plan = Plan(NAME, MEMBERS, "monday")
    others = [
        replace(plan, backup="other.db.gz"),
        replace(plan, members=MEMBERS[:2]),
        replace(plan, label="again"),
    ]
    tokens = {SETTINGS.token, *(one.token(SETTINGS) for one in (plan, *others))}
    assert len(tokens) == 5


def test_backups_are_named_by_token_and_after_a_recovery_by_id_too() -> None:
    assert cluster_name(SETTINGS, bootstrap_cluster_id(SETTINGS)) == "old"
    clusters = [
        bootstrap_cluster_id(replace(SETTINGS, token=Plan(NAME, MEMBERS, label).token(SETTINGS)))
        for label in "ab"
    ]
    assert [cluster_name(SETTINGS, one) for one in clusters] == [f"old-{one:016x}" for one in clusters]
    assert clusters[0] != clusters[1]


def test_the_settings_follow_the_recovery_file(tmp_path: Path) -> None:
    file = tmp_path / "recovery.json"
    assert as_recovered(SETTINGS, file) is SETTINGS
    file.write_text(
        json.dumps({"token": "new", "restore": NAME, "initial_members": ["m1", "m2"], "label": "monday"})
    )
    recovered = as_recovered(SETTINGS, file)
    assert (recovered.token, recovered.restore, recovered.recovered) == ("new", NAME, True)
    assert recovered.initial_members == ("m1", "m2")
    file.write_text(json.dumps({"token": "new", "restore": NAME, "founding": ["m1", "m3"]}))
    assert as_recovered(SETTINGS, file).initial_members == ("m1", "m3")
    file.write_text(json.dumps({"token": "new", "restore": NAME}))
    assert as_recovered(SETTINGS, file).initial_members == MEMBERS


def test_a_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "STOP_LIMIT", 0.2)
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], stdout=subprocess.PIPE
    )
    assert deaf.stdout is not None
    deaf.stdout.readline()
    stop_process(deaf)
    deaf.stdout.close()
    assert deaf.returncode == -9


def arguments(*programs: str, **options: object) -> Namespace:
    defaults = {
        "members": "",
        "label": "",
        "even_with_quorum": False,
        "give_up": "",
        "silent_are_down": False,
        "others_are_older": False,
    }
    return Namespace(**{**defaults, "programs": list(programs), **options})


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A member with data in a cluster without quorum, and its backup. No process is started."""
    paths = Paths(tmp_path)
    paths.etc.mkdir(parents=True)
    (paths.etc / "prepare_cluster.token").write_text("dop_v1_test")
    (paths.data / "member/wal").mkdir(parents=True)
    (paths.data / "member/wal/0.wal").write_bytes(b"torn")
    paths.backup.write_text(json.dumps(BACKUPS))
    monkeypatch.setattr(restore, "Bucket", FakeBucket)
    monkeypatch.setattr(FakeBucket, "key", f"etcd-test/{NAME}")
    monkeypatch.setattr(FakeBucket, "others", (f"etcd-test/{NEWER}",))
    monkeypatch.setattr(recover.subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(recover, "survey_members", lambda *_: Survey((), None, MEMBERS))
    monkeypatch.setattr("sys.argv", ["prepare_cluster.py", "recover", "from-backup", NAME])
    return paths


def test_a_plan_without_members_or_label_prints_the_whole_command(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    recover.recover(SETTINGS, paths, arguments("from-backup", NAME))
    printed = capsys.readouterr().out
    assert f"prepare_cluster.py recover from-backup {NAME} --members m1,m2,m3 --as 2" in printed
    assert (paths.data / "member/wal/0.wal").exists()
    assert not paths.recovery.exists()


@pytest.mark.parametrize("options", [{}, {"members": "m1,m2,m3", "label": "monday"}])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("r7.db.gz", "Nothing has been changed: there is no backup named r7.db.gz"),
        (NEWER, "Nothing has been changed: .* which etcd 3.6.14 cannot read: set etcd:version"),
    ],
)
def test_no_data_is_set_aside_for_a_backup_that_no_member_can_restore(
    paths: Paths, options: dict[str, str], name: str, reason: str
) -> None:
    with pytest.raises(SystemExit, match=reason):
        recover.recover(SETTINGS, paths, arguments("from-backup", name, **options))
    assert (paths.data / "member/wal/0.wal").exists()
    assert not paths.recovery.exists()


def test_no_data_is_set_aside_where_members_have_no_bucket(paths: Paths) -> None:
    paths.backup.unlink()
    with pytest.raises(SystemExit, match=r"members have no bucket \(etcd:backupBucket\): make a new cluster"):
        recover.recover(SETTINGS, paths, arguments("from-backup", NAME, members="m1,m2,m3", label="monday"))
    assert (paths.data / "member/wal/0.wal").exists()
    assert not paths.recovery.exists()


def test_data_of_the_earlier_cluster_is_set_aside_by_the_second_try(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = arguments("from-backup", NAME, members="m1,m2,m3", label="monday")
    recovered = replace(SETTINGS, token=Plan(NAME, MEMBERS, "monday").token(SETTINGS))
    clusters = [bootstrap_cluster_id(one) for one in (SETTINGS, recovered)]
    disks = [Disk(Contents.DATA, Identity(1, cluster)) for cluster in (clusters[0], *clusters)]
    monkeypatch.setattr(recover, "read_disk", lambda _: disks.pop(0))

    moves = iter([OSError(5, "Input/output error"), None])

    def move(paths: Paths, why: str) -> Path:
        if error := next(moves):
            raise error
        return set_aside(paths, why)

    monkeypatch.setattr(recover, "set_aside", move)
    with pytest.raises(SystemExit, match="Input/output error"):
        recover.recover(SETTINGS, paths, same)
    assert paths.recovery.exists()
    recover.recover(SETTINGS, paths, same)
    (moved,) = paths.mount.glob("given-up-*")
    assert (moved / "member/wal/0.wal").exists()
    with pytest.raises(SystemExit, match="already recovered as monday, and"):
        recover.recover(SETTINGS, paths, same)


@pytest.mark.parametrize("members", ["m1,m2,m3,m4", "m1,m2"])
def test_the_members_must_be_exactly_those_with_a_droplet(paths: Paths, members: str) -> None:
    with pytest.raises(SystemExit, match="all members that have a droplet, m1,m2,m3, and no other"):
        recover.recover(SETTINGS, paths, arguments("from-backup", NAME, members=members, label="monday"))
    assert not paths.recovery.exists()


def test_the_same_recovery_again_keeps_newer_writes(paths: Paths) -> None:
    same = arguments("from-backup", NAME, members="m1,m2,m3", label="monday")
    recover.recover(SETTINGS, paths, same)
    recover.recover(SETTINGS, paths, same)
    (paths.data / "member/wal").mkdir(parents=True)
    (paths.data / "member/wal/0.wal").write_bytes(b"written since")
    with pytest.raises(SystemExit, match="already recovered as monday, and"):
        recover.recover(SETTINGS, paths, same)
    assert (paths.data / "member/wal/0.wal").exists()
    assert len(list(paths.mount.glob("given-up-*"))) == 1


def test_etcd_starts_again_with_its_data_where_a_recovery_fails(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(recover.subprocess, "run", lambda command, **_: commands.append(command))

    def full(*_: object, **__: object) -> None:
        assert not paths.reserve.exists()
        raise OSError(28, "No space left on device", str(paths.recovery))

    monkeypatch.setattr(recover, "replace_text", full)
    paths.reserve.touch()
    with pytest.raises(SystemExit, match=r"No space left on device: '.*recovery.json'"):
        recover.recover(SETTINGS, paths, arguments("from-backup", NAME, members="m1,m2,m3", label="monday"))
    assert [command[1] for command in commands] == ["stop", "start"]
    assert (paths.data / "member/wal/0.wal").exists()


HANGS = """
import runpy
import time

from etcd_node.recovery import recover
from etcd_node.recovery.survey import Survey

def hang(*_: object) -> None:
    print("hangs", flush=True)
    time.sleep(60)

recover.find_backup = lambda *_: None
recover.survey_members = lambda *_: Survey((), None, ("m1", "m2", "m3"))
recover.set_aside = recover.commit_whole_log = hang
runpy.run_module("etcd_node", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("kind", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize("hanging", ["change of the data", "stop"])
@pytest.mark.parametrize(
    "command", [["from-backup", NAME, "--members", "m1,m2,m3", "--as", "monday"], ["alone"]]
)
def test_etcd_starts_again_where_a_signal_ends_a_recovery(
    paths: Paths, command: list[str], hanging: str, kind: signal.Signals
) -> None:
    paths.settings.write_text(json.dumps(asdict(SETTINGS)))
    paths.environment.write_text("")
    systemctl, called = paths.root / "systemctl", paths.root / "called"
    slow = "start|stop) echo hangs; sleep" if hanging == "stop" else "start) sleep"
    systemctl.write_text(f'#!/bin/sh\ncase "$1" in {slow} 0.5;; esac\necho "$1" >> {called}\n')
    systemctl.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-c", HANGS, "recover", *command, "--root", paths.root],
        env={
            **os.environ,
            "PATH": f"{paths.root}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hangs\n"
        # A terminal and its shell send both to all processes.
        for _ in range(2):
            os.killpg(process.pid, kind)
            time.sleep(0.25)
        assert process.wait(10) == 1
    assert called.read_text().splitlines()[-1] == "start"


def test_a_member_with_newer_data_elsewhere_is_not_made_a_cluster_of_one(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Survey((MemberObservation("m2", MemberState.OFF),))
    monkeypatch.setattr(recover, "survey_members", lambda *_: off)
    monkeypatch.setattr("sys.argv", ["prepare_cluster.py", "recover", "alone"])
    with pytest.raises(
        SystemExit, match=r"(?s)m2 is off. Power it on: pulumi up\n.* alone --others-are-older"
    ):
        recover.recover(SETTINGS, paths, arguments("alone"))


@pytest.mark.parametrize("left", ["member/snap/db", "#12"])
def test_a_member_whose_log_is_lost_is_not_made_a_cluster_of_one(paths: Paths, left: str) -> None:
    shutil.rmtree(paths.data)
    (paths.data / left).parent.mkdir(parents=True)
    (paths.data / left).write_bytes(b"key")
    with pytest.raises(SystemExit, match="this member has data without a log: run this on the member with"):
        recover.recover(SETTINGS, paths, arguments("alone"))
