"""When a recovery goes on, and what it tells discovery."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_node.etcd.membership import ListedMember, MemberList, bootstrap_cluster_id, cluster_name
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.recovery import recover
from etcd_node.recovery.preconditions import Consent, refusal
from etcd_node.recovery.recover import Plan, end
from etcd_node.recovery.survey import MemberObservation, State, Survey

MEMBERS = ("m1", "m2", "m3")
QUORUM = Survey((), MemberList(1, tuple(ListedMember(7, name, (), learner=False) for name in MEMBERS)))
SILENT = Survey(
    (MemberObservation("m2", State.SILENT, "no answer in time"), MemberObservation("m3", State.BLANK))
)
NAME = "20261125T174057Z_r000000012345_k812_v3.6.14_c_ab.db.gz"
SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "token": "old",
        "initial_members": MEMBERS,
        "recovered": False,
    }
)


@pytest.mark.parametrize("consent", [
    Consent(), Consent(give_up="token"), Consent(even_with_quorum=True), Consent(True, "another"),
    Consent(silent_are_down=True),
])  # fmt: skip
def test_a_cluster_with_quorum_is_not_given_up_unless_told_so_twice(consent: Consent) -> None:
    objection = refusal(QUORUM, "token", consent)
    assert objection is not None
    assert "the cluster has a quorum of m1, m2, m3" in objection.reason
    assert objection.unless == (
        ("--give-up", "token") if consent.even_with_quorum else ("--even-with-quorum",)
    )


def test_told_twice_it_is() -> None:
    assert refusal(QUORUM, "token", Consent(even_with_quorum=True, give_up="token")) is None


def test_a_member_that_follows_a_leader_shows_a_quorum_where_no_list_is_had() -> None:
    led = Survey((MemberObservation("m2", State.LED), MemberObservation("m3", State.LEADERLESS)))
    objection = refusal(led, "token", Consent(silent_are_down=True))
    assert objection is not None
    assert "a quorum of m2, so" in objection.reason


def test_silent_members_are_named_and_not_taken_to_be_down_unless_told_so() -> None:
    objection = refusal(SILENT, "token", Consent())
    assert objection is not None
    assert "but m2 is silent (no answer in time). Silent is not down" in objection.reason
    assert objection.unless == ("--silent-are-down",)
    assert refusal(SILENT, "token", Consent(silent_are_down=True)) is None


@pytest.mark.parametrize("state", [
    State.LEADERLESS, State.BLANK, State.STOPPED, State.OFF, State.GONE,
])  # fmt: skip
def test_where_all_are_seen_to_have_no_quorum_nobody_has_to_be_told(state: State) -> None:
    assert (
        refusal(Survey((MemberObservation("m2", state), MemberObservation("m3", state))), "token", Consent())
        is None
    )


def test_all_members_that_are_told_the_same_make_the_same_token() -> None:
    plan = Plan(NAME, MEMBERS, "monday")
    assert plan.token(SETTINGS) == Plan(NAME, MEMBERS[::-1], "monday").token(SETTINGS)


def test_another_backup_other_founders_or_another_recovery_make_another_token() -> None:
    plan = Plan(NAME, MEMBERS, "monday")
    others = [
        replace(plan, backup="other.db.gz"),
        replace(plan, members=MEMBERS[:2]),
        replace(plan, label="again"),
    ]
    tokens = {SETTINGS.token, *(one.token(SETTINGS) for one in (plan, *others))}
    assert len(tokens) == 5


def test_backups_of_the_founded_cluster_bear_the_droplets_token_and_those_of_a_recovered_one_its_id_too() -> (
    None
):
    assert cluster_name(SETTINGS, bootstrap_cluster_id(SETTINGS)) == "old"
    clusters = [
        bootstrap_cluster_id(replace(SETTINGS, token=Plan(NAME, MEMBERS, label).token(SETTINGS)))
        for label in "ab"
    ]
    assert [cluster_name(SETTINGS, one) for one in clusters] == [f"old-{one:016x}" for one in clusters]
    assert clusters[0] != clusters[1]


def test_discovery_hears_of_the_recovery(tmp_path: Path) -> None:
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


def test_an_etcd_that_does_not_end_by_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "ENDING", 0.2)
    deaf = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"], stdout=subprocess.PIPE
    )
    assert deaf.stdout is not None
    deaf.stdout.readline()
    end(deaf)
    deaf.stdout.close()
    assert deaf.returncode == -9


def arguments(*words: str, **options: object) -> Namespace:
    nothing = {"members": "", "label": "", "even_with_quorum": False, "give_up": "", "silent_are_down": False}
    return Namespace(**{**nothing, "programs": list(words), **options})


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A member with data, of a cluster without quorum; nothing is ever started."""
    places = Paths(tmp_path)
    places.etc.mkdir(parents=True)
    (places.etc / "prepare_cluster.token").write_text("dop_v1_test")
    (places.data / "member/wal").mkdir(parents=True)
    (places.data / "member/wal/0.wal").write_bytes(b"torn")
    monkeypatch.setattr(recover.subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(recover, "survey_members", lambda *_: Survey((), None, MEMBERS))
    monkeypatch.setattr("sys.argv", ["prepare_cluster.py", "recover", "from-backup", NAME])
    return places


def test_without_a_word_and_founders_nothing_happens_but_that_the_whole_command_is_said(
    places: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    recover.recover(SETTINGS, places, arguments("from-backup", NAME))
    said = capsys.readouterr().out
    assert f"prepare_cluster.py recover from-backup {NAME} --members m1,m2,m3 --as 2" in said
    assert (places.data / "member/wal/0.wal").exists()
    assert not places.recovery.exists()


@pytest.mark.parametrize("members", ["m1,m2,m3,m4", "m1,m2"])
def test_founders_are_all_that_have_a_droplet_and_no_other(places: Paths, members: str) -> None:
    with pytest.raises(SystemExit, match="all that have a droplet, m1,m2,m3, and no other"):
        recover.recover(SETTINGS, places, arguments("from-backup", NAME, members=members, label="monday"))
    assert not places.recovery.exists()


def test_the_same_recovery_again_does_not_give_up_what_was_written_since(places: Paths) -> None:
    told = arguments("from-backup", NAME, members="m1,m2,m3", label="monday")
    recover.recover(SETTINGS, places, told)
    recover.recover(SETTINGS, places, told)
    (places.data / "member/wal").mkdir(parents=True)
    (places.data / "member/wal/0.wal").write_bytes(b"written since")
    with pytest.raises(SystemExit, match="recovered as monday already"):
        recover.recover(SETTINGS, places, told)
    assert (places.data / "member/wal/0.wal").exists()
    assert len(list(places.mount.glob("given-up-*"))) == 1
