"""Which members may give up their data, and in which order they leave the cluster and do so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from etcd_node.etcd.client import NoQuorumError, RefusedError
from etcd_node.etcd.membership import ListedMember, MemberList
from etcd_node.etcd.transport import HttpResponse, MemberAddress
from etcd_node.host.hosts_file import with_members
from etcd_node.host.settings import Paths, Settings
from etcd_node.recovery import recover, rejoin
from etcd_node.recovery.recover import RecoveryError
from etcd_node.recovery.rejoin import LEASE_SECONDS, rejoin_objection
from etcd_node.recovery.survey import Survey

NAMES = [f"etcd-server-{number}.example.test" for number in (1, 2, 3)]
SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "name": NAMES[2],
        "initial_members": tuple(NAMES),
    }
)


def listed(number: int, name: str, *, learner: bool = False) -> ListedMember:
    return ListedMember(number, name, (f"https://{name}:2380",), learner)


VOTERS = tuple(listed(number, name) for number, name in enumerate(NAMES, 1))


class Etcd:
    """The other members. All are healthy, and have the same data."""

    def __init__(self) -> None:
        self.lease = 0
        self.left = 87
        self.grants_leases = True
        self.health = '{"health": "true"}'
        self.hash = HttpResponse(200, b'{"header":{"revision":7},"hash":1,"compact_revision":1}')
        self.asked: set[str] = set()

    def call_gateway(self, member: MemberAddress, path: str, body: Any, **_: object) -> HttpResponse:
        self.asked.add(member.name)
        match path:
            case "/v3/lease/grant" if not self.grants_leases:
                return refused("etcdserver: corrupt cluster")
            case "/v3/lease/grant" if self.lease:
                return refused("etcdserver: lease already exists")
            case "/v3/lease/grant":
                self.lease = int(body["TTL"])
                answer: Any = {}
            case "/v3/lease/timetolive":
                answer = {"grantedTTL": str(self.lease), "TTL": str(self.left)}
            case "/v3/lease/revoke":
                self.lease, answer = 0, {}
            case "/v3/maintenance/status":
                answer = {"dbSize": "1048576", "header": {"revision": "7"}}
            case _:
                answer = json.loads(self.health)
        return HttpResponse(200, json.dumps(answer).encode())

    def request_peer(self, *_: object, **__: object) -> HttpResponse:
        return self.hash


def refused(message: str) -> HttpResponse:
    return HttpResponse(400, json.dumps({"message": message}).encode())


@pytest.fixture
def etcd(monkeypatch: pytest.MonkeyPatch) -> Etcd:
    etcd = Etcd()
    monkeypatch.setattr(rejoin, "TlsClient", lambda _: etcd)
    return etcd


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The third member, whose data is damaged."""
    paths = Paths(tmp_path)
    paths.etc.mkdir(parents=True)
    addresses = {name: f"192.0.2.{number}" for number, name in enumerate(NAMES, 1)}
    paths.hosts.write_text(with_members("", addresses))
    (paths.data / "member/wal").mkdir(parents=True)
    (paths.data / "member/wal/0.wal").write_bytes(b"torn")
    return paths


def objection(paths: Paths, *members: ListedMember) -> str:
    return rejoin_objection(SETTINGS, paths, MemberList(1, members or VOTERS), 1 << 20)


def test_the_owner_of_the_lease_is_named(etcd: Etcd, paths: Paths) -> None:
    etcd.lease = LEASE_SECONDS + 1
    assert objection(paths) == (
        f"{NAMES[1]} has begun to rejoin, and one member after another may do so. Run this again in 87 s"
    )
    assert etcd.lease == LEASE_SECONDS + 1


def test_a_lease_that_has_just_ended_is_waited_for_a_second(etcd: Etcd, paths: Paths) -> None:
    etcd.lease, etcd.left = LEASE_SECONDS + 1, -1
    assert objection(paths).endswith("Run this again in 1 s")


def test_a_member_may_repeat_the_command_under_its_own_lease(etcd: Etcd, paths: Paths) -> None:
    assert objection(paths) == ""
    assert etcd.lease == LEASE_SECONDS + 2
    assert objection(paths) == ""


def test_a_member_that_keeps_its_data_gives_the_lease_back(etcd: Etcd, paths: Paths) -> None:
    etcd.health = '{"health": "false", "reason": "no leader"}'
    assert f"{NAMES[0]} is not healthy" in objection(paths)
    assert etcd.lease == 0


def test_the_answer_to_a_hash_is_quoted_if_it_is_none(etcd: Etcd, paths: Paths) -> None:
    etcd.hash = HttpResponse(400, b"mvcc: required revision has been compacted\n")
    assert "(mvcc: required revision has been compacted)" in objection(paths)


def test_a_cluster_that_grants_no_lease_under_an_alarm_lets_a_member_rejoin(etcd: Etcd, paths: Paths) -> None:
    etcd.grants_leases = False
    assert objection(paths) == ""


@pytest.mark.parametrize("name", ["backup.elsewhere.test", "etcd-server-9.example.test"])
def test_a_learner_that_was_added_by_hand_is_not_waited_for(etcd: Etcd, paths: Paths, name: str) -> None:
    assert objection(paths, *VOTERS, listed(9, name, learner=True)) == ""
    assert name not in etcd.asked


def test_a_learner_that_the_program_made_must_vote_first(etcd: Etcd, paths: Paths) -> None:
    found = objection(paths, VOTERS[0], VOTERS[2], listed(4, NAMES[1], learner=True))
    assert found == "without this member the others are no quorum"
    five = [*VOTERS, listed(5, "etcd-server-5.example.test")]
    paths.hosts.write_text(
        with_members("", dict.fromkeys([*NAMES, "etcd-server-4.example.test"], "192.0.2.9"))
    )
    found = objection(paths, *five, listed(4, "etcd-server-4.example.test", learner=True))
    assert found.startswith("etcd-server-4.example.test is not healthy")
    assert etcd.lease == 0


def test_learners_are_no_quorum_without_this_member(etcd: Etcd, paths: Paths) -> None:
    learners = [listed(number, f"extra{number}.test", learner=True) for number in (7, 8, 9)]
    assert objection(paths, VOTERS[0], VOTERS[2], *learners) == "without this member the others are no quorum"
    assert not etcd.asked


@pytest.mark.parametrize(
    ("error", "leaves"),
    [
        (None, True),
        (RefusedError("member not found"), True),
        (RefusedError("unhealthy cluster"), False),
        (NoQuorumError("no answer in time"), False),
    ],
)
def test_a_member_leaves_the_cluster_before_it_gives_up_its_data(
    etcd: Etcd, paths: Paths, monkeypatch: pytest.MonkeyPatch, error: Exception | None, leaves: bool
) -> None:
    del etcd
    changes: list[tuple[str, ...]] = []

    def change_members(_paths: Paths, _client: object, _others: object, *command: str) -> None:
        assert (paths.data / "member/wal/0.wal").exists()
        changes.append(command)
        if error is not None:
            raise error

    monkeypatch.setattr(recover, "change_members", change_members)
    monkeypatch.setattr(recover, "TlsClient", lambda _: None)
    monkeypatch.setattr(recover, "disk_usage", lambda _: type("Usage", (), {"free": 1 << 40}))
    monkeypatch.setattr(recover, "LEAVE_LIMIT", 0)
    done: list[str] = []
    monkeypatch.setattr(recover, "_systemctl", lambda verb, *_: done.append(verb))
    survey = Survey((), MemberList(1, VOTERS))
    if leaves:
        recover.rejoin(SETTINGS, paths, survey)
    else:
        with pytest.raises(RecoveryError, match="The others do not remove this member now"):
            recover.rejoin(SETTINGS, paths, survey)
    assert set(changes) == {("remove", "3")}
    assert done == ["stop", "start"]
    assert (paths.data / "member/wal/0.wal").exists() is not leaves
