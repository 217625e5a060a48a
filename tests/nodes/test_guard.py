"""The guard beside real etcd processes. Stand-ins replace logind and the power button."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest
from etcd_node.etcd.transport import TlsClient
from etcd_node.guard import daemon, peer_health
from etcd_node.guard.daemon import DEFERRED_TIME, Guard
from etcd_node.guard.inhibitor import Inhibitor
from etcd_node.guard.peer_health import PeerHealth
from etcd_node.host.settings import read_settings

from .api import TOKEN, Fault
from .lab import Lab, Node, added_by_hand, eventually, hexadecimal

STAND_IN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[2:]))"
"""Runs a command as ``systemd-inhibit --why=… COMMAND`` does, without logind."""


class Guarded:
    """A member with its guard, which runs in a thread."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.inhibitor = Inhibitor([sys.executable, "-c", STAND_IN])
        self.powered_off = threading.Event()
        self.reconciled = threading.Event()
        self.pause = 0.0
        """Seconds until the next observation, if nothing happens before."""
        self.rounds = 0
        """How often the guard has observed the members and acted on it."""
        self._stop = threading.Event()
        settings = read_settings(node.paths.etc / "prepare_cluster.json")
        self.guard = Guard(
            settings,
            node.paths,
            TOKEN,
            inhibitor=self.inhibitor,
            power_off=self.powered_off.set,
            reconcile=self.reconciled.set,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.pause = self.guard._act()
            self.rounds += 1
            self.guard._wait(began, self.pause)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self.inhibitor.release()

    def blocks(self) -> bool:
        return self.inhibitor.held

    def allows(self) -> bool:
        return not self.inhibitor.held


def wait_for_rounds(*guards: Guarded, number: int = 3) -> None:
    """Wait until each guard has had so many rounds that began after this call."""
    # The one under way may have begun before.
    enough = {each: each.rounds + 1 + number for each in guards}
    eventually(f"each has had {number} rounds", lambda: all(each.rounds >= enough[each] for each in guards))


@pytest.fixture
def guarded(lab: Lab) -> Iterator[list[Guarded]]:
    """Three healthy members, each with a guard that has observed them healthy. The first one leads.

    So no member waits for an election when another one goes, and each guard notices that at once.
    """
    nodes = lab.bootstrap()
    eventually("the first leads", lambda: leads_at_last(nodes))
    guards = [Guarded(node) for node in nodes]
    for each in guards:
        eventually(
            "it has observed the cluster healthy", lambda each=each: each.guard.settled and each.allows()
        )
    eventually("no request is under way", lambda: quiet(lab))
    lab.api.requests.clear()
    yield guards
    for each in guards:
        each.stop()


def leads_at_last(nodes: list[Node]) -> bool:
    """Whether the first leads. Otherwise the leader is told to transfer leadership to it."""
    first = nodes[0]
    own = hexadecimal(first.status()["header"]["member_id"])
    return first.leads() or any(node.etcdctl("move-leader", own).returncode == 0 for node in nodes)


def quiet(lab: Lab) -> bool:
    before = api_requests(lab)
    time.sleep(0.5)
    return api_requests(lab) == before


def comes_back(lab: Lab, member: Guarded, *others: Guarded) -> None:
    member.node.power_on()
    lab.all_healthy([member.node])
    eventually("the others allow it", lambda: all(other.allows() for other in others))


def api_requests(lab: Lab) -> int:
    return len(lab.api.requests)


def marker_requests(lab: Lab) -> int:
    """How many requests for the markers the API has received."""
    return [request["path"] for request in lab.api.requests].count("/v2/tags")


def shutdown_lookups(lab: Lab) -> int:
    """How often the API was asked whether a shutdown was requested."""
    return sum(request["path"].endswith("/actions") for request in lab.api.requests)


def test_while_all_members_are_healthy_the_api_gets_no_requests(lab: Lab, guarded: list[Guarded]) -> None:
    wait_for_rounds(*guarded, number=2)
    assert api_requests(lab) == 0
    assert all(each.allows() for each in guarded)
    assert not any(each.reconciled.is_set() for each in guarded)


def test_the_others_block_their_shutdown_at_once_when_a_member_goes_down(
    lab: Lab, guarded: list[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = guarded
    with monkeypatch.context() as rare:
        # No regular observation comes in time.
        rare.setattr(daemon, "observation_interval", lambda *, needed: 0.25 if needed else 60.0)
        eventually("no observation is due", lambda: all(each.pause == 60 for each in guarded))
        third.node.power_off()
        eventually("both block it", lambda: first.blocks() and second.blocks(), seconds=30)
    assert third.allows()
    comes_back(lab, third, first, second)


def test_a_replaced_members_new_address_is_learned_before_it_is_healthy(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    third.node.power_off()
    eventually("both block it", lambda: first.blocks() and second.blocks())
    lab.api.droplets[2] = (third.node.name, "127.0.0.99")
    for other in (first, second):
        eventually(
            "it knows the new address",
            lambda other=other: f"127.0.0.99 {third.node.name}\n" in other.node.paths.hosts.read_text(),
        )


def test_a_teardown_allows_every_shutdown_and_carries_out_a_blocked_one(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    third.node.power_off()
    eventually("both block it", lambda: first.blocks() and second.blocks())
    lab.api.shutdowns[1] = [time.time()]
    lab.api.tags.remove("etcd-test-up")
    eventually("both allow it", lambda: first.allows() and second.allows())
    assert first.powered_off.wait(DEFERRED_TIME)
    assert not second.powered_off.is_set()


def test_the_teardown_of_a_healthy_cluster_is_noticed_at_once(lab: Lab, guarded: list[Guarded]) -> None:
    lab.api.tags.remove("etcd-test-up")
    guarded[2].node.power_off()
    eventually("the two that are left have read the markers", lambda: marker_requests(lab) >= 2)
    eventually("all allow it", lambda: all(each.allows() for each in guarded))


def test_all_at_once_allows_every_shutdown(lab: Lab, guarded: list[Guarded]) -> None:
    guarded[2].node.power_off()
    eventually("it blocks it", guarded[0].blocks)
    lab.api.tags.append("etcd-test-all-at-once")
    eventually("it allows it", guarded[0].allows)


def test_a_blocked_shutdown_is_dropped_when_all_are_healthy_again(lab: Lab, guarded: list[Guarded]) -> None:
    first, _, third = guarded
    third.node.power_off()
    eventually("it blocks it", first.blocks)
    lab.api.shutdowns[1] = [time.time()]
    third.node.power_on()
    eventually("it allows it", first.allows)
    wait_for_rounds(first)
    assert not first.powered_off.is_set()
    assert shutdown_lookups(lab) == 0


def test_an_old_shutdown_request_is_not_carried_out(lab: Lab, guarded: list[Guarded]) -> None:
    first, _, third = guarded
    lab.api.shutdowns[1] = [time.time() - 60]
    third.node.power_off()
    eventually("it blocks it", first.blocks)
    lab.api.tags.append("etcd-test-all-at-once")
    eventually("it allows it", first.allows)
    eventually("it looks for a request", lambda: shutdown_lookups(lab) > 0)
    wait_for_rounds(first)
    assert not first.powered_off.is_set()


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_failing_api_allows_no_shutdown(lab: Lab, guarded: list[Guarded], status: int) -> None:
    lab.api.tags.clear()
    lab.api.faults.append(Fault(status, times=1000))
    first, _, third = guarded
    third.node.power_off()
    eventually("it blocks it", first.blocks)
    eventually("it could not read the markers", lambda: first.guard._markers._failures > 0)
    wait_for_rounds(first)
    assert first.blocks()


def test_an_api_that_is_down_allows_no_shutdown_and_delays_nothing(lab: Lab, guarded: list[Guarded]) -> None:
    first, second, third = guarded
    lab.api.stop()
    third.node.power_off()
    eventually("both block it", lambda: first.blocks() and second.blocks())
    comes_back(lab, third, first, second)


def test_a_member_blocks_its_shutdown_even_while_its_own_etcd_is_down(
    lab: Lab, guarded: list[Guarded]
) -> None:
    first, second, third = guarded
    second.node.power_off()
    third.node.power_off()
    eventually("all block it", lambda: first.blocks() and second.blocks() and third.blocks())


def test_a_removed_member_may_shut_down_while_others_are_unhealthy(lab: Lab) -> None:
    nodes = lab.bootstrap(5)
    guards = [Guarded(node) for node in nodes]
    try:
        eventually("all are settled", lambda: all(each.guard.settled and each.allows() for each in guards))
        fourth = hexadecimal(nodes[0].members()[nodes[3].name]["ID"])
        nodes[4].power_off()
        eventually("it blocks it", guards[3].blocks)
        lab.api.shutdowns[4] = [time.time()]
        eventually("it is removed", lambda: nodes[0].etcdctl("member", "remove", fourth).returncode == 0)
        eventually("it allows it", guards[3].allows)
        assert guards[3].powered_off.wait(DEFERRED_TIME)
        assert guards[0].blocks()
    finally:
        for each in guards:
            each.stop()


def test_a_learner_is_unhealthy_and_a_new_member_list_starts_reconcile(
    lab: Lab,
) -> None:
    first, _, third = lab.bootstrap()
    guard = Guarded(first)
    try:
        eventually("it is settled", lambda: guard.guard.settled and guard.allows())
        remove = ("member", "remove", hexadecimal(first.members()[third.name]["ID"]))
        third.power_off()
        eventually("it is removed", lambda: first.etcdctl(*remove).returncode == 0)
        eventually("it updates the members' addresses", guard.reconciled.is_set)
        eventually("it allows it", guard.allows)
        guard.reconciled.clear()
        add = ("member", "add", third.name, "--learner", f"--peer-urls=https://{third.name}:2380")
        eventually("it is added", lambda: first.etcdctl(*add).returncode == 0)
        eventually("it blocks it", guard.blocks)
        assert guard.reconciled.is_set()
    finally:
        guard.stop()


def test_members_added_by_hand_count_only_if_they_vote(lab: Lab) -> None:
    first, *_ = lab.bootstrap()
    guard = Guarded(first)
    try:
        eventually("it is settled", lambda: guard.guard.settled and guard.allows())
        # The second one is named as the program names members, but has no droplet.
        for host in ("extra.test", lab.address(9)):
            guard.reconciled.clear()
            learner = added_by_hand(first, "--learner", host=host)
            eventually("it has seen the learner", guard.reconciled.is_set)
            wait_for_rounds(guard)
            assert guard.allows()
            guard.reconciled.clear()
            remove = ("member", "remove", learner)
            eventually("it is removed", lambda remove=remove: first.etcdctl(*remove).returncode == 0)
            eventually("it has seen the removal", guard.reconciled.is_set)
        voter = added_by_hand(first)
        eventually("it blocks it for a voter that does not run", guard.blocks)
        settings = read_settings(first.paths.etc / "prepare_cluster.json")
        (problem,) = (
            PeerHealth(settings, first.paths, TlsClient(first.paths.etc)).observe().unhealthy.values()
        )
        assert f"etcdctl member remove {voter}" in problem
        eventually("it is removed", lambda: first.etcdctl("member", "remove", voter).returncode == 0)
        eventually("it allows it", guard.allows)
    finally:
        guard.stop()


def test_a_machine_without_data_never_blocks_and_never_reads_markers(lab: Lab) -> None:
    blank = lab.add(1).power_on()
    guard = Guarded(blank)
    try:
        eventually("it waits for the others", lambda: "data may be needed" in blank.log)
        wait_for_rounds(guard)
        assert guard.allows()
        assert {request["path"] for request in lab.api.requests} == {"/v2/droplets"}
    finally:
        guard.stop()


def test_the_only_member_without_a_volume_may_only_be_destroyed(lab: Lab) -> None:
    (node,) = lab.bootstrap(size=1)
    guard = Guarded(node)
    try:
        eventually("it blocks it", guard.blocks)
        lab.api.tags.remove("etcd-test-up")
        eventually("it allows it", guard.allows)
    finally:
        guard.stop()


def test_a_replaced_member_is_found_by_its_connection_to_this_machine(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, third = lab.bootstrap()
    hosts = first.paths.hosts.read_text()
    first.paths.hosts.write_text(
        hosts.replace(f"{third.name} {third.name}", f"{lab.address(9)} {third.name}")
    )
    settings = read_settings(first.paths.etc / "prepare_cluster.json")
    observation = PeerHealth(settings, first.paths, TlsClient(first.paths.etc)).observe()
    assert list(observation.unhealthy) == [third.name]
    # On loopback, every connection comes from 127.0.0.1. The second has another member's certificate.
    strangers = {"127.0.0.1", lab.address(2), third.name}
    monkeypatch.setattr(peer_health, "connected_from", lambda *_: strangers)
    observation = PeerHealth(settings, first.paths, TlsClient(first.paths.etc)).observe()
    assert not observation.unhealthy
