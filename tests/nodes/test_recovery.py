"""The survey before a recovery, and the clusters and backups after it, with real etcd and real S3 requests."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
from etcd_node.digitalocean.api import list_droplets
from etcd_node.etcd.commit_log import commit_whole_log
from etcd_node.host.settings import read_settings
from etcd_node.recovery import recover
from etcd_node.recovery.preconditions import Consent, find_objection
from etcd_node.recovery.recover import Plan
from etcd_node.recovery.survey import MemberState, Survey, survey_members

from components.shared.stored_backups import Backup, ChoiceError, choose_backup

from .api import TOKEN
from .lab import Lab, Node, eventually, wait_until_promoted
from .objects import ObjectServer
from .test_backup import bootstrap, leader, run_backup, stored_backups, wait_for_addresses


def survey_from(node: Node) -> Survey:
    settings = read_settings(node.paths.etc / "prepare_cluster.json")
    return survey_members(
        settings,
        node.paths,
        lambda: list_droplets(node.lab.api.url, TOKEN, settings.tag, settings.addresses),
    )


def states(survey: Survey) -> list[MemberState]:
    return [other.state for other in survey.others]


def recovered(node: Node, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the operator's command on one member, and do what it asks of systemd."""
    actions = {"stop": node.power_off, "start": node.power_on}
    monkeypatch.setattr(recover, "_systemctl", lambda verb, *_: actions[verb]())
    settings = read_settings(node.paths.etc / "prepare_cluster.json")
    recover.from_backup(settings, node.paths, survey_from(node), plan, Consent())


def given_up(node: Node) -> list[Path]:
    return sorted(node.paths.mount.glob("given-up-*"))


def only_new(server: ObjectServer, before: list[Backup]) -> Backup:
    (new,) = [one for one in stored_backups(server) if one not in before]
    return new


def test_a_survey_tells_the_states_of_all_other_members(lab: Lab) -> None:
    nodes = lab.bootstrap()
    first, second, third = nodes
    for node in nodes:
        wait_for_addresses(node, nodes)
    assert sorted(survey_from(first).quorum) == sorted(node.name for node in nodes)
    for node in (second, third):
        node.power_off()
    cut = eventually("it has no leader", lambda: None if (survey := survey_from(first)).quorum else survey)
    assert states(cut) == [MemberState.STOPPED, MemberState.STOPPED]
    assert not cut.silent
    # Connections are neither answered nor refused.
    with socket.create_server((third.name, 2380)), socket.create_server((third.name, 2379)):
        assert [other.name for other in survey_from(first).silent] == [third.name]
        lab.api.droplets.remove((third.name, third.name))
        assert states(survey_from(first)) == [MemberState.STOPPED, MemberState.NO_DROPLET]
    # A listing without this droplet may be of another account.
    lab.api.droplets.clear()
    survey = survey_from(first)
    assert f"does not list this droplet, {first.name}" in survey.problem
    assert survey.droplets == ()
    # A hosts file without members does not show either that a droplet is gone.
    first.paths.hosts.write_text("")
    first.power_off()
    assert states(survey_from(first)) == [MemberState.SILENT, MemberState.SILENT]
    second.wipe().power_on()
    lab.api.droplets += [(node.name, node.name) for node in nodes]
    eventually("it waits without data", lambda: states(survey_from(first))[0] is MemberState.BLANK)


def test_a_cluster_with_authentication_is_never_surveyed_as_lost(lab: Lab) -> None:
    nodes = lab.bootstrap()
    for node in nodes:
        wait_for_addresses(node, nodes)
    for command in ("user add root:secret", "user grant-role root root", "auth enable"):
        assert nodes[0].etcdctl(*command.split()).returncode == 0
    survey = survey_from(nodes[0])
    assert states(survey) == [MemberState.REFUSES, MemberState.REFUSES]
    assert "CommonName of client" in survey.others[0].detail
    objection = find_objection(survey, "cluster-1", Consent(silent_are_down=True))
    assert objection is not None
    assert objection.options == ("--even-with-quorum",)


def test_a_scaled_in_cluster_is_recovered_twice_and_keeps_all_data(
    lab: Lab, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = bootstrap(lab, server)
    first, second, third = nodes
    assert first.etcdctl("put", "saved", "in the backup").returncode == 0
    assert run_backup(first, at_once=True)
    backup = only_new(server, [])
    # Scaled in since: the settings still name an initial member that does not exist.
    for node in nodes:
        node.power_off()
    lab.api.droplets.remove((third.name, third.name))
    labels: list[str] = []
    for word in ("monday", "tuesday"):
        for node in (first, second):
            recovered(node, Plan(backup.snapshot.name, (first.name, second.name), word), monkeypatch)
        lab.all_healthy([first, second])
        assert set(first.members()) == {first.name, second.name}
        assert (first.get("saved"), first.get("given up")) == ("in the backup", "")
        # The first recovered cluster reaches a higher revision than the second.
        for _ in range(5 if word == "monday" else 1):
            assert first.etcdctl("put", "given up", word).returncode == 0
        before = stored_backups(server)
        assert run_backup(second, at_once=True)
        labels.append(only_new(server, before).snapshot.cluster)
        for node in (first, second):
            node.power_off()
    assert len({backup.snapshot.cluster, *labels}) == 3
    assert all(re.fullmatch(r"cluster-1-[0-9a-f]{16}", one) for one in labels)
    with pytest.raises(
        ChoiceError, match=f"{labels[1]}_.* is of another cluster than .*{labels[0]}_.*: name the"
    ):
        choose_backup(stored_backups(server), "latest")
    original, recovered_first = given_up(first)
    assert (original / "member/snap/db").exists()
    assert (recovered_first / "member/snap/db").exists()


def test_a_member_that_joins_after_a_recovery_names_backups_alike(
    lab: Lab, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = bootstrap(lab, server)
    first, _, third = nodes
    assert run_backup(first, at_once=True)
    backup = only_new(server, [])
    for node in nodes:
        node.power_off()
    plan = Plan(backup.snapshot.name, tuple(node.name for node in nodes), "monday")
    for node in nodes:
        recovered(node, plan, monkeypatch)
    lab.all_healthy(nodes)
    # A new volume, as after a rolling change without volumes.
    third.power_off().wipe().power_on()
    wait_until_promoted(third)
    assert not third.paths.recovery.exists()
    names: list[str] = []
    for node in (first, third):
        before = stored_backups(server)
        assert run_backup(node, at_once=True)
        names.append(only_new(server, before).snapshot.cluster)
    assert names[0] == names[1] != backup.snapshot.cluster
    # So neither member repeats the other's upload.
    before = stored_backups(server)
    assert run_backup(third)
    assert stored_backups(server) == before


def test_a_survivor_keeps_log_entries_that_are_not_marked_committed(lab: Lab, tmp_path: Path) -> None:
    nodes = lab.bootstrap()
    survivor = leader(nodes)
    assert survivor.etcdctl("put", "committed", "x").returncode == 0
    others = [Thread(target=node.power_off) for node in nodes if node is not survivor]
    for thread in others:
        thread.start()
    # The leader logs the first write that fails, waits for the others, and steps down two seconds later.
    number = next(n for n in count() if survivor.etcdctl("put", "logged", f"write {n}").returncode != 0)
    for thread in others:
        thread.join()
    survivor.power_off()
    before = tmp_path / "before"
    shutil.copytree(survivor.paths.data, before)
    assert alone(survivor, before) == ("x", f"write {number - 1}" if number else "")
    assert commit_whole_log(survivor.paths.data) > 0
    assert commit_whole_log(survivor.paths.data) == 0
    assert alone(survivor, survivor.paths.data) == ("x", f"write {number}")


def alone(node: Node, data: Path) -> tuple[str, str]:
    """The values in a cluster of one that is made from a member's data."""
    with node.log_file.open("ab") as log:
        process = subprocess.Popen(
            [node.binaries / "etcd", "--force-new-cluster"],
            env={**os.environ, **node.variables(), "ETCD_DATA_DIR": str(data)},
            stdout=log,
            stderr=log,
        )
    try:
        eventually(f"it runs; its log: {node.log[-2000:]}", node.healthy)
        return node.get("committed"), node.get("logged")
    finally:
        process.terminate()
        process.wait(30)
