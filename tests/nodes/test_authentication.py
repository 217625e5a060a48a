"""Members of a cluster with authentication on, switched on by etcd:auth or by hand."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from etcd_node.etcd.client import UNMANAGED, ClusterClient
from etcd_node.etcd.commit_log import commit_whole_log
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, client_context
from etcd_node.host.settings import read_settings
from etcd_node.recovery.preconditions import Consent, find_objection
from etcd_node.recovery.rejoin import rejoin_objection
from etcd_node.recovery.survey import MemberState

from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .lab import Lab, Node, eventually, switch_authentication_on, wait_until_promoted
from .objects import ObjectServer
from .test_backup import configure, run_backup, stored_backups, wait_for_addresses
from .test_exporter import scrape
from .test_recovery import survey_from

REFUSED = "unknown ca|EOF occurred|reset by peer"
"""What a client sees of a handshake that the other side ends: the alert may come too late."""

UNMANAGED_METRIC = "etcd_node_authentication_unmanaged"


def defragment(node: Node) -> None:
    """Free some of the database, and wait until a member has defragmented it."""
    node.change(defragment_bytes=1, defragment_percent=1)
    assert node.etcdctl("put", "fill", "x" * 100_000).returncode == 0
    assert node.etcdctl("del", "fill").returncode == 0
    revision = node.status()["header"]["revision"]
    assert node.etcdctl("compact", "--physical", str(revision), "--command-timeout=20s").returncode == 0

    def done() -> bool:
        # bbolt frees pages with the commits that follow.
        assert node.healthy()
        node.step("defragment")
        return "defragmented the database" in node.log

    eventually(f"it is defragmented; its log: {node.log[-2000:]}", done)


@pytest.mark.parametrize("version", VERSIONS)
def test_members_live_with_authentication_as_without(lab: Lab, server: ObjectServer, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    nodes = lab.bootstrap_with_authentication(version=version)
    first, _, third = nodes
    assert first.etcdctl("put", "colour", "blue").returncode == 0
    # A wiped member removes its old self, joins as a learner, and is promoted.
    third.power_off().wipe().power_on()
    wait_until_promoted(third)
    # A new member joins.
    fourth = lab.add(4)
    fourth.change(version=version)
    fourth.power_on()
    wait_until_promoted(fourth)
    nodes.append(fourth)
    for node in nodes:
        node.paths.run.mkdir(parents=True, exist_ok=True)
        node.paths.moved.touch()
        node.reconcile()
    assert [node.get("colour") for node in nodes] == ["blue"] * 4
    for node in nodes:
        wait_for_addresses(node, nodes)
        configure(node, server)
    assert run_backup(next(node for node in nodes if not node.leads()), at_once=True)
    assert len(stored_backups(server)) == 1
    assert all(run_backup(node) for node in nodes)
    defragment(min(nodes, key=lambda node: (node.leads(), node.name)))
    assert sorted(survey_from(first).quorum) == sorted(node.name for node in nodes)
    assert {one.state for one in survey_from(first).others} == {MemberState.HAS_LEADER}
    _, text = scrape(first, client_context(first.paths.etc, "server"))
    assert f"{UNMANAGED_METRIC} 0" in text
    assert 'certificate="management"' in text
    settings = read_settings(fourth.paths.etc / "prepare_cluster.json")
    confirmed = ClusterClient(
        TlsClient(first.paths.etc), [MemberAddress(first.name, first.name)]
    ).list_members()
    # The others have the same data. The member takes the lease that others take before they give up their data.
    assert rejoin_objection(settings, fourth.paths, confirmed, free=1 << 20) == ""


def test_a_survivor_keeps_users_and_the_others_rejoin_it(lab: Lab) -> None:
    first, second, third = lab.bootstrap_with_authentication()
    assert first.etcdctl("put", "colour", "blue").returncode == 0
    for node in (first, second, third):
        node.power_off()
    commit_whole_log(first.paths.data)
    with first.log_file.open("ab") as log:
        process = subprocess.Popen(
            [first.binaries / "etcd", "--force-new-cluster"],
            env={**os.environ, **first.variables()},
            stdout=log,
            stderr=log,
        )
    eventually(f"it runs alone; its log: {first.log[-2000:]}", first.healthy)
    process.terminate()
    process.wait(30)
    first.power_on()
    for node in (second, third):
        node.wipe().power_on()
        wait_until_promoted(node)
    assert third.get("colour") == "blue"
    assert "true" in third.etcdctl("auth", "status").stdout


def test_a_backup_with_users_is_restored_with_them(lab: Lab, server: ObjectServer) -> None:
    (node,) = lab.bootstrap_with_authentication(1)
    configure(node, server)
    assert node.etcdctl("put", "colour", "blue").returncode == 0
    assert run_backup(node, at_once=True)
    node.power_off()
    lab.api.droplets.clear()
    new = lab.add(11, 1, cluster="cluster-2")
    configure(new, server)
    settings = json.loads((new.paths.etc / "prepare_cluster.json").read_text())
    (new.root / f"opt/etcd/{settings['version']}-/etcdutl").symlink_to(lab.binaries / "etcdutl")
    new.change(restore="latest", initial_members=[new.name])
    new.power_on()
    lab.all_healthy([new])
    assert new.get("colour") == "blue"
    assert "true" in new.etcdctl("auth", "status").stdout


def test_the_peer_port_refuses_a_clients_certificate(lab: Lab) -> None:
    (node,) = lab.bootstrap(1)
    me = MemberAddress(node.name, node.name)
    assert TlsClient(node.paths.etc).request_peer(me, "GET", "/members").status == 200
    for kind in ("server", "operator"):
        other = lab.folder / kind
        lab.issue_certificates(other, node.name)
        lab.authority.issue(other, kind, node.name)
        for suffix in ("", "-key"):
            (other / f"peer{suffix}.pem").write_text((other / f"{kind}{suffix}.pem").read_text())
        for path in ("/members", "/raft/probing", "/members/hashkv"):
            with pytest.raises(NoAnswerError, match=REFUSED):
                TlsClient(other).request_peer(me, "GET", path, {"revision": 0})


def test_a_peers_certificate_opens_no_client_port(lab: Lab) -> None:
    (node,) = lab.bootstrap(1)
    context = client_context(node.paths.etc, "server")
    context.load_cert_chain(node.paths.etc / "peer.pem", node.paths.etc / "peer-key.pem")
    client = TlsClient(node.paths.etc)
    client._client_context = context
    with pytest.raises(NoAnswerError, match=REFUSED):
        client.call_gateway(MemberAddress(node.name, node.name), "/health", None)


def test_authentication_switched_on_by_hand_is_no_lost_quorum(lab: Lab, server: ObjectServer) -> None:
    nodes = lab.bootstrap()
    first, _, third = nodes
    for node in nodes:
        wait_for_addresses(node, nodes)
        configure(node, server)
    switch_authentication_on(first, "--new-user-password=secret")
    survey = survey_from(first)
    assert [one.state for one in survey.others] == [MemberState.REFUSES, MemberState.REFUSES]
    assert all(one.detail.startswith(UNMANAGED) for one in survey.others)
    objection = find_objection(survey, "cluster-1", Consent(silent_are_down=True))
    assert objection is not None
    assert objection.options == ("--even-with-quorum",)
    assert not run_backup(first)
    assert "etcd_backup_failed 1" in first.paths.backup_metrics.read_text()
    assert (
        f"backup failed: this member's etcd refuses to say whose turn it is: {first.name}: {UNMANAGED}"
        in first.log
    )
    first.step("defragment")
    assert f"defragmentation postponed: {first.name}: {UNMANAGED}" in first.log
    _, text = scrape(first, client_context(first.paths.etc, "server"))
    assert f"{UNMANAGED_METRIC} 1" in text
    third.power_off().wipe().power_on()
    eventually(
        "it says what to do", lambda: f"waiting to join the cluster: {first.name}: {UNMANAGED}" in third.log
    )
    assert "no quorum" not in third.log
    # The wiped member may have been the leader.
    eventually("there is a leader", lambda: first.etcdctl("--user=root:secret", "get", "any").returncode == 0)
    # The advice helps.
    assert first.etcdctl("--user=root:secret", "auth", "disable").returncode == 0
    wait_until_promoted(third)
    assert run_backup(first)
