"""The veto beside real etcd processes; a recorder stands for logind and for the power button."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest
from etcd_node.etcd.transport import TlsClient
from etcd_node.guard import peer_health as neighbours
from etcd_node.guard.daemon import Guard
from etcd_node.guard.inhibitor import Inhibitor
from etcd_node.guard.peer_health import PeerHealth
from etcd_node.host.settings import read_settings

from .api import TOKEN, Fault
from .lab import CALM, Lab, Node, eventually, hexadecimal

STAND_IN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[2:]))"
"""Runs a command as ``systemd-inhibit --why=… COMMAND`` does, without logind."""


class Guarded:
    """A member with its guard, which runs in a thread."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.inhibitor = Inhibitor([sys.executable, "-c", STAND_IN])
        self.powered_off = threading.Event()
        self.refreshed = threading.Event()
        self._stop = threading.Event()
        settings = read_settings(node.places.etc / "prepare_cluster.json")
        self.guard = Guard(
            settings,
            node.places,
            TOKEN,
            inhibitor=self.inhibitor,
            power_off=self.powered_off.set,
            refresh=self.refreshed.set,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.guard.pass_round()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self.inhibitor.release()

    def holds(self) -> bool:
        return self.inhibitor.held

    def lets_go(self) -> bool:
        return not self.inhibitor.held


@pytest.fixture
def guarded(lab: Lab) -> Iterator[list[Guarded]]:
    """Three healthy members, each with a guard that has seen it healthy. The first one leads.

    So nobody waits for an election when another one goes, and each guard sees at once what is left.
    """
    nodes = lab.found(**CALM)
    eventually("the first leads", lambda: leads_at_last(nodes))
    guards = [Guarded(node) for node in nodes]
    for each in guards:
        eventually("it has seen the cluster healthy", lambda each=each: each.guard.settled and each.lets_go())
    eventually("no question is under way", lambda: quiet(lab))
    lab.api.requests.clear()
    yield guards
    for each in guards:
        each.stop()


def leads_at_last(nodes: list[Node]) -> bool:
    """Whether the first leads; otherwise the leader is told to hand it on."""
    first = nodes[0]
    own = hexadecimal(first.status()["header"]["member_id"])
    return first.leads() or any(node.etcdctl("move-leader", own).returncode == 0 for node in nodes)


def quiet(lab: Lab) -> bool:
    before = asked(lab)
    time.sleep(0.5)
    return asked(lab) == before


def comes_back(lab: Lab, member: Guarded, *others: Guarded) -> None:
    member.node.power_on()
    lab.all_healthy([member.node])
    eventually("the others let go", lambda: all(other.lets_go() for other in others), seconds=5)


def asked(lab: Lab) -> int:
    return len(lab.api.requests)


def questions(lab: Lab) -> int:
    """How often the markers were asked for."""
    return [request["path"] for request in lab.api.requests].count("/v2/tags")


def test_the_api_is_asked_nothing_while_all_members_are_healthy(lab: Lab, guarded: list[Guarded]) -> None:
    time.sleep(4)
    assert asked(lab) == 0
    assert all(each.lets_go() for each in guarded)
    assert not any(each.refreshed.is_set() for each in guarded)


def test_the_others_hold_at_once_while_one_member_is_down_and_it_may_go_itself(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    third.node.power_off()
    began = time.monotonic()
    eventually("both hold", lambda: first.holds() and second.holds())
    # Long before their next look.
    assert time.monotonic() - began < 2
    assert third.lets_go()
    comes_back(lab, third, first, second)


def test_in_trouble_the_guard_learns_where_a_replaced_member_is_before_it_is_healthy(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    third.node.power_off()
    eventually("both hold", lambda: first.holds() and second.holds())
    lab.api.droplets[2] = (third.node.name, "127.0.0.99")
    for other in (first, second):
        eventually(
            "it knows the new address",
            lambda other=other: f"127.0.0.99 {third.node.name}\n" in other.node.places.hosts.read_text(),
            seconds=5,
        )


def test_a_teardown_lets_every_member_go_and_carries_out_the_press_that_came_before(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    third.node.power_off()
    eventually("both hold", lambda: first.holds() and second.holds())
    lab.api.shutdowns[1] = [time.time()]
    lab.api.tags.remove("etcd-test-up")
    eventually("both let go", lambda: first.lets_go() and second.lets_go(), seconds=5)
    assert first.powered_off.wait(5)
    assert not second.powered_off.is_set()


def test_the_markers_are_asked_at_once_so_that_a_teardown_of_a_healthy_cluster_does_not_wait(
    lab: Lab, guarded: list[Guarded]
) -> None:
    lab.api.tags.remove("etcd-test-up")
    guarded[2].node.power_off()
    eventually("the two that are left have asked", lambda: questions(lab) >= 2, seconds=5)
    eventually("all let go", lambda: all(each.lets_go() for each in guarded), seconds=5)


def test_all_at_once_lets_every_member_go(lab: Lab, guarded: list[Guarded]) -> None:
    guarded[2].node.power_off()
    eventually("it holds", guarded[0].holds)
    lab.api.tags.append("etcd-test-all-at-once")
    eventually("it lets go", guarded[0].lets_go, seconds=5)


def test_a_press_is_not_carried_out_because_health_came_back(lab: Lab, guarded: list[Guarded]) -> None:
    first, _, third = guarded
    third.node.power_off()
    eventually("it holds", first.holds)
    lab.api.shutdowns[1] = [time.time()]
    third.node.power_on()
    eventually("it lets go", first.lets_go)
    assert not first.powered_off.wait(6)


def test_an_old_press_is_not_carried_out(lab: Lab, guarded: list[Guarded]) -> None:
    first, _, third = guarded
    lab.api.shutdowns[1] = [time.time() - 60]
    third.node.power_off()
    eventually("it holds", first.holds)
    lab.api.tags.append("etcd-test-all-at-once")
    eventually("it lets go", first.lets_go, seconds=5)
    assert not first.powered_off.wait(6)


@pytest.mark.parametrize("status", [403, 429, 500])
def test_an_api_that_fails_is_no_permission(lab: Lab, guarded: list[Guarded], status: int) -> None:
    lab.api.tags.clear()
    lab.api.faults.append(Fault(status, times=1000))
    guarded[2].node.power_off()
    eventually("it holds", guarded[0].holds)
    time.sleep(3)
    assert guarded[0].holds()


def test_an_api_that_is_down_is_no_permission_and_holds_nothing_up(lab: Lab, guarded: list[Guarded]) -> None:
    first, second, third = guarded
    lab.api.stop()
    third.node.power_off()
    eventually("both hold", lambda: first.holds() and second.holds(), seconds=2)
    comes_back(lab, third, first, second)


def test_a_member_whose_etcd_is_down_still_refuses_while_another_is_unhealthy(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    second.node.power_off()
    third.node.power_off()
    eventually("all hold", lambda: first.holds() and second.holds() and third.holds())


def test_a_removed_member_may_go_whoever_is_unhealthy(lab: Lab) -> None:
    nodes = lab.found(5)
    guards = [Guarded(node) for node in nodes]
    try:
        eventually("all are settled", lambda: all(each.guard.settled and each.lets_go() for each in guards))
        fourth = hexadecimal(nodes[0].members()[nodes[3].name]["ID"])
        nodes[4].power_off()
        eventually("it holds", guards[3].holds)
        lab.api.shutdowns[4] = [time.time()]
        eventually("it is removed", lambda: nodes[0].etcdctl("member", "remove", fourth).returncode == 0)
        eventually("it lets go", guards[3].lets_go)
        assert guards[3].powered_off.wait(5)
        assert guards[0].holds()
    finally:
        for each in guards:
            each.stop()


def test_a_learner_counts_as_unhealthy_and_every_change_of_the_members_has_their_addresses_looked_up(
    lab: Lab,
) -> None:
    first, _, third = lab.found()
    guard = Guarded(first)
    try:
        remove = ("member", "remove", hexadecimal(first.members()[third.name]["ID"]))
        third.power_off()
        eventually("it is removed", lambda: first.etcdctl(*remove).returncode == 0)
        eventually("it looks where the members are", guard.refreshed.is_set)
        eventually("it lets go", guard.lets_go)
        guard.refreshed.clear()
        add = ("member", "add", third.name, "--learner", f"--peer-urls=https://{third.name}:2380")
        eventually("it is added", lambda: first.etcdctl(*add).returncode == 0)
        eventually("it holds", guard.holds, seconds=5)
        assert guard.refreshed.is_set()
    finally:
        guard.stop()


def test_a_machine_without_data_refuses_nothing_and_asks_nobody(lab: Lab) -> None:
    blank = lab.add(1).power_on()
    guard = Guarded(blank)
    try:
        eventually("it waits for the others", lambda: "no proof" in blank.log)
        time.sleep(1)
        assert guard.lets_go()
        assert {request["path"] for request in lab.api.requests} == {"/v2/droplets"}
    finally:
        guard.stop()


def test_the_only_member_with_its_data_on_the_root_disk_is_torn_down_only(lab: Lab) -> None:
    (node,) = lab.found(size=1)
    guard = Guarded(node)
    try:
        eventually("it holds", guard.holds)
        lab.api.tags.remove("etcd-test-up")
        eventually("it lets go", guard.lets_go, seconds=5)
    finally:
        guard.stop()


def test_a_replaced_member_is_found_where_it_connects_from_before_the_hosts_file_knows(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, third = lab.found()
    hosts = first.places.hosts.read_text()
    first.places.hosts.write_text(
        hosts.replace(f"{third.name} {third.name}", f"{lab.address(9)} {third.name}")
    )
    settings = read_settings(first.places.etc / "prepare_cluster.json")
    seen = PeerHealth(settings, first.places, TlsClient(first.places.etc)).look()
    assert list(seen.sick) == [third.name]
    # On loopback, every connection comes from 127.0.0.1. The second is a stranger by its certificate.
    strangers = {"127.0.0.1", lab.address(2), third.name}
    monkeypatch.setattr(neighbours, "connected_from", lambda *_: strangers)
    seen = PeerHealth(settings, first.places, TlsClient(first.places.etc)).look()
    assert not seen.sick
