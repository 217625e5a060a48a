"""A member without data joins a cluster whose members do not know its address yet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from etcd_node.bootstrap import join
from etcd_node.bootstrap.bootstrap_server import BootstrapEndpoint
from etcd_node.bootstrap.join import ADDRESS_KNOWN_LIMIT, JoiningMember
from etcd_node.digitalocean.address_book import AddressBook
from etcd_node.digitalocean.api import Droplet
from etcd_node.etcd.client import NoQuorumError, RefusedError
from etcd_node.etcd.transport import ClosedError, HttpResponse, MemberAddress, NoAnswerError
from etcd_node.host.journal import WaitLog
from etcd_node.host.settings import Paths

from tests.unit.etcd_node.bootstrap.test_restoration import SETTINGS, restoration

OWN = "m4"
WAITING = "waiting until the members know the address of this droplet"


class RunningCluster:
    """Three members that run, and their clock. One that does not know an address closes connections from there."""

    def __init__(self) -> None:
        self.now = 0.0
        self.knows_from = {"m1": 0.0, "m2": 0.0, "m3": 0.0}
        """The moment from which a member knows the address of the new member."""
        self.silent: set[str] = set()
        self.listed = {"m1": 1, "m2": 2, "m3": 3}
        self.refuses_until = 0.0
        """The moment until which no member can be added, because one does not run."""
        self.overloaded_until = 0.0
        """The moment until which no member can be added, because requests take too long."""
        self.begins = 0.0
        """The moment at which the members start."""
        self.elects = 0.0
        """The moment at which they have a leader."""

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def add(self, _: Paths, client: object, running: object, verb: str, name: str, *options: str) -> None:
        assert (verb, name, options) == ("add", OWN, (f"--peer-urls=https://{OWN}:2380", "--learner"))
        if self.now < self.refuses_until:
            raise RefusedError("unhealthy cluster")
        if self.now < self.overloaded_until:
            raise NoQuorumError("m1: request timed out")
        self.listed[OWN] = 4

    def request_peer(self, member: MemberAddress, method: str, path: str, **_: float) -> HttpResponse:
        if member.name in self.silent or self.now < self.begins:
            raise NoAnswerError("no answer in time")
        if self.now < self.knows_from[member.name]:
            raise ClosedError("Connection reset by peer")
        if path != "/members":
            return HttpResponse(404, b"404 page not found")
        entries = [
            {"id": number, "name": name, "peerURLs": [url(name)]} for name, number in self.listed.items()
        ]
        return HttpResponse(200, json.dumps(entries).encode())

    def call_gateway(self, member: MemberAddress, path: str, body: Any) -> HttpResponse:
        if member.name in self.silent:
            raise NoAnswerError("no answer in time")
        if self.now < self.elects:
            raise NoAnswerError("no leader")
        entries = [
            {"ID": str(number), "name": name, "peerURLs": [url(name)]} for name, number in self.listed.items()
        ]
        return HttpResponse(200, json.dumps({"header": {"cluster_id": "17"}, "members": entries}).encode())


def url(name: str) -> str:
    return f"https://{name}:2380"


class NoServer:
    """Stands for the bootstrap endpoint, which nobody asks here."""

    def __init__(self, *_: object) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> RunningCluster:
    running = RunningCluster()
    monkeypatch.setattr(join, "time", running)
    monkeypatch.setattr(join, "change_members", running.add)
    monkeypatch.setattr(join, "install_once", lambda *_: None)
    monkeypatch.setattr(join, "is_local", lambda _: True)
    monkeypatch.setattr(join, "server_context", lambda *_: None)
    monkeypatch.setattr(join, "BootstrapServer", NoServer)
    # A wait takes no time.
    monkeypatch.setattr(BootstrapEndpoint, "wait_for_decision", lambda _, seconds: running.sleep(seconds))
    return running


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def joining(
    cluster: RunningCluster, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> JoiningMember:
    paths = Paths(tmp_path)
    paths.etc.mkdir(parents=True)
    droplets = [Droplet(number, f"m{number}", f"10.0.0.{number}") for number in range(1, 5)]
    return JoiningMember(
        replace(SETTINGS, name=OWN),
        paths,
        client=cluster,  # type: ignore[arg-type]
        address_book=AddressBook(lambda: droplets),
        wait_log=WaitLog(cluster.monotonic, said.append),
        write_addresses=lambda _: None,
        can_start=lambda: True,
        restoration=restoration(tmp_path, ""),
        state="blank",
    )


def test_a_refused_member_installs_etcdctl_once_and_says_why_it_waits(
    cluster: RunningCluster, joining: JoiningMember, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[object] = []
    monkeypatch.setattr(join, "install_once", lambda *given: installed.append(given[-1]))
    cluster.refuses_until = 30.0
    assert joining.become_member() == EXISTING
    assert (installed, said) == (
        [["etcdctl"]],
        ["no data here; waiting to join the cluster: unhealthy cluster"],
    )


def test_a_change_that_takes_too_long_is_no_lost_quorum(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    cluster.overloaded_until = 50.0
    assert joining.become_member() == EXISTING
    assert said == ["no data here; waiting to join the cluster: m1: request timed out"]


NO_LEADER = "m1: no leader; m2: no leader; m3: no leader"


def test_a_later_member_says_why_it_finds_no_cluster(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    cluster.begins = 10.0
    assert joining.become_member() == EXISTING
    silence = ", ".join(f"m{number} does not answer (no answer in time)" for number in (1, 2, 3))
    assert said == [f"no data here; waiting for a cluster to join: {silence}"]


def test_members_that_have_just_bootstrapped_may_still_elect_a_leader(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    cluster.begins, cluster.elects = 100.0, 120.0
    assert joining.become_member() == EXISTING
    assert said[-1] == f"no data here; waiting for a quorum to join: {NO_LEADER}"
    assert not any("operator" in line for line in said)


def test_an_operator_must_decide_when_no_quorum_comes(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    cluster.elects = 50.0
    assert joining.become_member() == EXISTING
    assert said == [
        f"no data here; waiting for a quorum to join: {NO_LEADER}",
        f"no data here; no quorum to join ({NO_LEADER}): {join.ASK_OPERATOR}",
    ]


EXISTING = ("existing", {name: url(name) for name in ("m1", "m2", "m3", OWN)})


def test_a_member_that_everybody_knows_starts_at_once(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    assert joining.become_member() == EXISTING
    assert (cluster.now, said) == (0.0, [])


def test_a_member_that_nobody_knows_yet_joins_and_starts_when_all_know_it(
    cluster: RunningCluster, joining: JoiningMember, said: list[str]
) -> None:
    cluster.knows_from = {"m1": 15.0, "m2": 15.0, "m3": 30.0}
    assert joining.become_member() == EXISTING
    assert cluster.now == pytest.approx(30, abs=1.0)
    assert said == [WAITING]


@pytest.mark.parametrize("silent", [set[str](), {"m3"}], ids=["all answer", "one is silent"])
def test_a_member_waits_as_long_as_nobody_knows_it(
    cluster: RunningCluster, joining: JoiningMember, silent: set[str]
) -> None:
    moment = 3 * ADDRESS_KNOWN_LIMIT
    cluster.silent = silent
    cluster.knows_from = {"m1": moment, "m2": moment + 15, "m3": moment + 30}
    assert joining.become_member() == EXISTING
    assert cluster.now == pytest.approx(moment, abs=1.0)


def test_one_member_that_never_learns_the_address_does_not_keep_another_out(
    cluster: RunningCluster, joining: JoiningMember
) -> None:
    cluster.knows_from["m3"] = 1e9
    assert joining.become_member() == EXISTING
    assert cluster.now == pytest.approx(ADDRESS_KNOWN_LIMIT, abs=1.0)


def test_a_silent_member_is_not_waited_for(cluster: RunningCluster, joining: JoiningMember) -> None:
    cluster.silent = {"m3"}
    assert joining.become_member() == EXISTING
    assert cluster.now == 0.0
