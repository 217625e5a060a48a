"""Bootstrap, rejoin and restart: the node's package with real etcd processes."""

from __future__ import annotations

import re
import time
from http import HTTPStatus

from etcd_node.bootstrap.bootstrap_server import PATH
from etcd_node.etcd.transport import MemberAddress, TlsClient

from .api import Fault
from .lab import Lab, Node, added_by_hand, eventually, hexadecimal, wait_until_promoted


def test_three_blank_members_bootstrap_one_cluster(lab: Lab) -> None:
    first, second, third = lab.bootstrap()
    assert set(first.members()) == {first.name, second.name, third.name}
    first.etcdctl("put", "colour", "blue")
    assert third.get("colour") == "blue"
    assert {node.variables()["ETCD_INITIAL_CLUSTER_STATE"] for node in lab.nodes} == {"new"}


def test_a_bootstrap_lists_droplets_at_most_four_times_a_member(lab: Lab) -> None:
    lab.bootstrap()
    assert len(lab.api.requests) <= 4 * 3


def test_a_single_member_bootstraps_a_cluster_of_one(lab: Lab) -> None:
    lab.bootstrap(size=1)


def test_members_wait_while_one_initial_member_is_silent(lab: Lab) -> None:
    first, second = lab.add(1).power_on(), lab.add(2).power_on()
    third = lab.add(3)
    refusal = re.compile(rf"{re.escape(third.name)} does not answer \(.+\), so that data may be needed")
    eventually("the log says so", lambda: refusal.search(first.log))
    time.sleep(1)
    assert not first.variables()
    assert not second.variables()
    third.power_on()
    lab.all_healthy(lab.nodes)


def test_a_waiting_member_does_not_say_that_a_lease_has_ended(lab: Lab) -> None:
    """Another member may take it for the leader, and send it the renewal of a lease. 404 would be the lease's end."""
    waiting, _ = lab.add(1).power_on(), lab.add(2)

    def status(path: str, method: str = "GET") -> int:
        peer = MemberAddress(waiting.name, waiting.name)
        return TlsClient(waiting.paths.etc).request_peer(peer, method, path).status

    eventually("it waits", lambda: "does not answer" in waiting.log)
    assert status(PATH) == HTTPStatus.OK
    assert status("/leases", "POST") == status("/version") == HTTPStatus.SERVICE_UNAVAILABLE


def test_members_wait_while_one_belongs_to_another_cluster(lab: Lab) -> None:
    first, _, third = (
        lab.add(1).power_on(),
        lab.add(2).power_on(),
        lab.add(3, cluster="cluster-2").power_on(),
    )
    eventually("the log says so", lambda: f"{third.name} has the token of another cluster" in first.log)
    assert not any(node.variables() for node in lab.nodes)


def test_a_member_that_is_late_to_a_bootstrap_joins(lab: Lab) -> None:
    nodes = [lab.add(number).power_on() for number in (1, 2, 3)]
    eventually("it has accepted the decision", lambda: nodes[2].variables() or None)
    nodes[2].power_off().wipe()
    lab.all_healthy(nodes[:2])
    nodes[2].power_on()
    wait_until_promoted(nodes[2])
    assert len(nodes[0].members()) == 3


def test_a_wiped_member_rejoins_with_the_clusters_data(lab: Lab) -> None:
    first, second, third = lab.bootstrap()
    before = third.members()[third.name]["ID"]
    first.etcdctl("put", "colour", "blue")
    third.power_off().wipe().power_on()
    wait_until_promoted(third)
    assert third.get("colour") == "blue"
    members = second.members()
    assert len(members) == 3
    assert members[third.name]["ID"] != before
    assert third.variables()["ETCD_INITIAL_CLUSTER_STATE"] == "existing"


def test_a_wiped_member_rejoins_beside_a_learner_added_by_hand(lab: Lab) -> None:
    first, _, third = lab.bootstrap()
    first.etcdctl("put", "colour", "blue")
    learner = added_by_hand(first, "--learner")
    third.power_off().wipe().power_on()
    wait_until_promoted(third)
    assert third.get("colour") == "blue"
    assert learner in {hexadecimal(member["ID"]) for member in first.members().values()}


def test_members_wiped_one_after_the_other_keep_the_data(lab: Lab) -> None:
    nodes = lab.bootstrap()
    nodes[0].etcdctl("put", "colour", "blue")
    for node in nodes:
        # etcd refuses changes of the membership in the first seconds of a connection (strict reconfiguration check).
        node.power_off().wipe().power_on()
        wait_until_promoted(node)
    assert [node.get("colour") for node in nodes] == ["blue"] * 3


def test_a_rejoin_resumes_after_the_old_member_was_removed(lab: Lab) -> None:
    first, _, third = lab.bootstrap()
    old = first.members()[third.name]["ID"]
    third.power_off().wipe()
    eventually("it is removed", lambda: first.etcdctl("member", "remove", hexadecimal(old)).returncode == 0)
    third.power_on()
    wait_until_promoted(third)


def test_a_rejoin_resumes_after_the_learner_was_added(lab: Lab) -> None:
    first, _, third = lab.bootstrap()
    old = first.members()[third.name]["ID"]
    third.power_off().wipe()
    eventually("it is removed", lambda: first.etcdctl("member", "remove", hexadecimal(old)).returncode == 0)
    add = ("member", "add", third.name, "--learner", f"--peer-urls=https://{third.name}:2380")
    eventually("it is added", lambda: first.etcdctl(*add).returncode == 0)
    third.power_on()
    wait_until_promoted(third)
    assert len(first.members()) == 3


def test_a_learner_is_promoted_after_a_reboot(lab: Lab) -> None:
    first, _, third = lab.bootstrap()
    third.power_off().wipe().power_on()
    eventually("it is a learner", lambda: third.variables().get("ETCD_INITIAL_CLUSTER_STATE") == "existing")
    eventually("it has started", (third.paths.data / "member/snap/db").exists)
    third.power_off()
    third.paths.joining.unlink(missing_ok=True)
    third.power_on()
    wait_until_promoted(third)
    assert len(first.members()) == 3


def test_data_of_a_removed_member_is_set_aside(lab: Lab) -> None:
    first, _, third = lab.bootstrap()
    first.etcdctl("put", "colour", "blue")
    old = first.members()[third.name]["ID"]
    third.power_off()
    eventually("it is removed", lambda: first.etcdctl("member", "remove", hexadecimal(old)).returncode == 0)
    third.power_on()
    wait_until_promoted(third)
    assert third.get("colour") == "blue"
    assert len(list(third.paths.mount.glob("removed-*"))) == 1


def test_a_removed_member_stays_out_until_a_scale_out(lab: Lab) -> None:
    first, second, third = lab.bootstrap()
    first.etcdctl("put", "colour", "blue")
    remove = ("member", "remove", hexadecimal(first.members()[third.name]["ID"]))
    lab.api.faults.append(Fault(500, times=1000))
    eventually("it is removed", lambda: first.etcdctl(*remove).returncode == 0)
    says_after_reconciling(third, "it is not known whether this member may join again")
    lab.api.tags = ["etcd-test-up", "etcd-test-size-2"]
    lab.api.faults.clear()
    says_after_reconciling(
        third, "which has 2 members: waiting for a scale-out, or for the deletion of this droplet"
    )
    assert set(first.members()) == {first.name, second.name}
    assert not list(third.paths.mount.glob("removed-*"))
    lab.api.tags = ["etcd-test-up", "etcd-test-size-199"]
    wait_until_promoted(third)
    assert third.get("colour") == "blue"
    assert third.log.count("which has 2 members") == 1


def test_a_blank_member_waits_for_an_operator_without_quorum(lab: Lab) -> None:
    first, second, third = lab.bootstrap()
    first.etcdctl("put", "colour", "blue")
    own = ("get", "--consistency=s", "--print-value-only", "colour")
    eventually("the third member has the value, too", lambda: third.etcdctl(*own).stdout.strip() == "blue")
    first.power_off().wipe()
    second.power_off().wipe()
    first.power_on()
    second.power_on()
    eventually("the log says so", lambda: "no data here; no quorum to join" in first.log, seconds=60)
    assert "docs/recovery.md" in first.log
    assert not first.variables()
    assert third.etcdctl(*own).stdout.strip() == "blue"


def test_members_with_data_start_while_the_api_is_down(lab: Lab) -> None:
    nodes = lab.bootstrap()
    nodes[0].etcdctl("put", "colour", "blue")
    for node in nodes:
        node.power_off()
    lab.api.stop()
    asked = len(lab.api.requests)
    for node in nodes:
        node.power_on()
    lab.all_healthy(nodes)
    assert nodes[2].get("colour") == "blue"
    assert len(lab.api.requests) == asked


def test_a_later_member_never_bootstraps(lab: Lab) -> None:
    fourth = lab.add(4)
    fourth.power_on()
    eventually("the log says so", lambda: "waiting for a cluster to join" in fourth.log)
    nodes = [lab.add(number) for number in (1, 2, 3)]
    for node in nodes:
        node.power_on()
    lab.all_healthy(nodes)
    wait_until_promoted(fourth)
    assert len(nodes[0].members()) == 4


def test_initial_members_do_not_bootstrap_beside_a_later_member(lab: Lab) -> None:
    (first,) = lab.bootstrap(size=1)
    first.etcdctl("put", "colour", "blue")
    second = lab.add(2, initial_members=1)
    second.power_on()
    wait_until_promoted(second)
    first.power_off().wipe()
    first.power_on()
    eventually("the log says so", lambda: "no quorum to join" in first.log, seconds=60)
    assert not first.variables()


def test_a_bootstrap_without_quorum_starts_again(lab: Lab) -> None:
    nodes = [lab.add(number) for number in (1, 2, 3)]
    lab.leave_empty_bootstrap_log(nodes[0], nodes)
    nodes[0].paths.run.mkdir(parents=True)
    nodes[0].paths.recheck.touch()
    for node in nodes:
        node.power_on()
    lab.all_healthy(nodes)
    assert len(list(nodes[0].paths.mount.glob("unborn-*"))) == 1


def test_a_bootstrap_resumes_after_a_loss_of_power(lab: Lab) -> None:
    nodes = [lab.add(number) for number in (1, 2, 3)]
    for node in nodes:
        lab.leave_empty_bootstrap_log(node, nodes)
    for node in nodes:
        node.power_on()
    lab.all_healthy(nodes)
    assert len(nodes[0].members()) == 3


def says_after_reconciling(node: Node, text: str) -> None:
    """Wait until a member logs a text, while the periodic step runs."""

    def says() -> bool:
        node.reconcile()
        return text in node.log

    eventually(f"{node.name} says {text!r}; its log: {node.log[-3000:]}", says)
