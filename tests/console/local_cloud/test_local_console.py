"""The console of a local cloud, with real machines."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from console.server.watch import LINGER_SECONDS
from localcloud.cli.console import open_console
from localcloud.tokens import DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN
from testbed.cluster import Cluster, requests, wait_for
from tests.console.local_cloud.followed import FollowedConsole

IDLE_SECONDS = 5.0
PATIENCE = 15
"""How long a run waits that is to be refused, in seconds."""


def cpu_seconds(cluster: Cluster) -> float:
    """Processor time of the console so far."""
    text = (cluster.cloud.layout.cgroup / "console/cpu.stat").read_text()
    return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6


def test_without_a_cluster_the_page_says_what_to_do(console: FollowedConsole) -> None:
    stack = console.page.stack
    assert (stack.project, stack.stack, stack.local) == ("etcd", "local", True)
    assert stack.problem == "This stack has no cluster. Create one, in a terminal in this checkout: make up"
    assert console.page.members == []


def test_a_cluster_is_seen_as_soon_as_it_exists(cluster: Cluster, console: FollowedConsole) -> None:
    members = console.page.members or []
    assert console.page.stack.problem == ""
    assert [member.name for member in members] == cluster.names
    assert sorted(str(member.role) for member in members) == ["follower", "follower", "leader"]
    assert {member.name: member.public_address for member in members} == cluster.members()
    for member in members:
        assert (member.power, member.problem, member.cut_off) == ("active", "", False)
        assert member.record == member.public_address
        assert member.version
        assert member.database_bytes
        assert member.quota_bytes == 1 << 30
        assert {one.purpose for one in member.certificates or []} == {"server", "peer", "ca"}
        assert member.shutdown is not None
    timeline = console.page.timeline
    assert (timeline.down, timeline.most_down) == ([], 0)
    # They were created while the page was open, and are drawn from then on.
    assert [span.member for span in timeline.up if span.ended is None] != []
    assert all(span.began > timeline.began for span in timeline.up)
    console.until(lambda: console.page.run and console.page.run.outcome == "succeeded", "end of the run")
    assert console.page.run
    assert console.page.run.command == "up"


def test_the_cloud_shows_what_the_cluster_has(cluster: Cluster, console: FollowedConsole) -> None:
    cluster.back_up_at_last(cluster.name(1))
    console.until(lambda: console.page.cloud.backups, "a backup")
    cloud = console.page.cloud
    assert [volume.member for volume in cloud.volumes or []] == cluster.names
    assert [(record.name, record.answered) for record in cloud.records or []] == [
        (name, True) for name in cluster.names
    ]
    assert {(rule.source, rule.ports) for rule in cloud.reach or []} >= {
        ("members", "2380"),
        ("198.51.100.10/32", "2379"),
    }
    assert "etcd-etcd-local-up" in (cloud.tags or [])


def test_a_rolling_change_is_seen_with_a_writer(cluster: Cluster, console: FollowedConsole) -> None:
    console.act(kind="start-writer")
    console.until(lambda: console.page.writer and console.page.writer.acknowledged > 20, "writes")
    cluster.configure(quotaGiB=2)
    cluster.up()
    console.until(lambda: console.all_healthy and "change" in console.done(), "end of the change")
    timeline = console.page.timeline
    assert [(span.member, span.cause) for span in timeline.down] == [(name, "run") for name in cluster.names]
    assert timeline.most_down == 1
    assert {member.quota_bytes for member in console.page.members or []} == {2 << 30}
    assert {step.droplet for step in console.page.run.steps} == {"done"}  # type: ignore[union-attr]
    writer = console.page.writer
    assert writer is not None
    assert 0 < writer.longest_stall < 10
    assert sum(second.acknowledged for second in timeline.writes) > 20
    assert console.done() == ["writer", "change"]
    console.act(kind="stop-writer")
    console.until(lambda: console.page.writer and not console.page.writer.running, "end of the writer")
    assert cluster.etcdctl("get", "--prefix", "--keys-only", "/console/").split() == ["/console/writer"]


def test_a_paused_member_makes_the_gate_refuse_a_change(cluster: Cluster, console: FollowedConsole) -> None:
    paused = cluster.name(2)
    console.act(kind="pause", member=paused, confirmed=True)
    console.until(lambda: console.member(paused).healthy is False, "problem of the paused member")
    assert console.member(paused).power == "paused"
    console.until(
        lambda: all(
            console.member(name).shutdown.blocked  # type: ignore[union-attr]
            for name in cluster.names
            if name != paused
        ),
        "block of the others' shutdown",
    )
    with cluster.configured(quotaGiB=1, healthTimeoutSeconds=PATIENCE):
        cluster.fail()
    console.until(lambda: "refused" in console.done(), "refused run")
    run = console.page.run
    assert run is not None
    assert run.outcome == "refused"
    assert "etcd-server-2" in run.reason
    console.act(kind="resume", member=paused)
    console.until(lambda: console.all_healthy, "healthy cluster")
    assert "healed" not in console.done()
    cluster.configure(quotaGiB=1)
    cluster.up()
    console.until(lambda: console.all_healthy and "healed" in console.done(), "change that goes through")
    assert {span.cause for span in console.page.timeline.down if span.member == paused} == {"run", "outside"}
    assert console.page.timeline.most_down == 1


def test_a_member_is_cut_off_and_connected_again(cluster: Cluster, console: FollowedConsole) -> None:
    name = cluster.name(3)
    console.act(kind="cut-off", member=name, confirmed=True)
    console.until(lambda: console.member(name).cut_off and console.member(name).healthy is False, "silence")
    console.act(kind="reconnect", member=name)
    console.until(lambda: console.all_healthy and not console.member(name).cut_off, "healthy cluster")


def test_a_wiped_member_gets_its_data_from_the_others(cluster: Cluster, console: FollowedConsole) -> None:
    name = cluster.name(1)
    before = cluster.ids()[name]
    console.act(kind="wipe", member=name, confirmed=True)
    # The page may still show the member as it was before.
    console.until(lambda: cluster.ids().get(name) not in {None, before}, "new member of the same name")
    console.until(lambda: console.all_healthy, "healthy cluster")


def test_a_droplet_is_powered_off_and_on(cluster: Cluster, console: FollowedConsole) -> None:
    name = cluster.name(2)
    console.act(kind="power-off", member=name, confirmed=True)
    console.until(lambda: console.member(name).power == "off", "droplet that is off")
    assert (console.member(name).role, console.member(name).problem) == ("stopped", "its droplet is off")
    console.act(kind="power-on", member=name)
    console.until(lambda: console.all_healthy, "healthy cluster")


def test_faults_and_a_stopped_name_server_are_shown(cluster: Cluster, console: FollowedConsole) -> None:
    console.act(kind="add-fault", service="cloudflare", fault="errors", confirmed=True)
    console.act(kind="stop-dns", confirmed=True)
    console.until(lambda: console.page.cloud.faults and console.page.cloud.dns_stopped, "faults")
    assert console.page.cloud.faults[0].text == "Cloudflare's API answers with status 503"
    console.until(lambda: console.member(cluster.name(1)).record is None, "unknown record")
    console.act(kind="end-fault", id=console.page.cloud.faults[0].id)
    console.act(kind="start-dns")
    console.until(lambda: not console.page.cloud.faults and not console.page.cloud.dns_stopped, "no fault")


def test_a_droplet_deleted_outside_is_repaired_by_a_run(cluster: Cluster, console: FollowedConsole) -> None:
    name = cluster.name(3)
    console.act(kind="destroy", member=name, confirmed=True)
    console.until(lambda: console.member(name).power == "absent", "missing droplet")
    cluster.up("--refresh")
    console.until(lambda: "repaired" in console.done(), "repair")
    assert console.done() == ["writer", "change", "refused", "healed", "repaired"]
    assert console.all_healthy


def test_the_page_is_told_no_secret(cluster: Cluster, console: FollowedConsole) -> None:
    assert "PRIVATE KEY" not in console.text
    assert "-----BEGIN" not in console.text
    for secret in (DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN, "localcloud-backup-secret"):
        assert secret not in console.text


def test_an_open_page_sends_no_request_to_the_clouds(cluster: Cluster, console: FollowedConsole) -> None:
    with cluster.cloud.control as control:
        control.delete("/requests")
        time.sleep(IDLE_SECONDS)
        # Members look after themselves, with their own token.
        assert {seen["token"] for seen in requests(control)} <= {"discovery"}


def test_another_command_keeps_the_console_and_its_port(cluster: Cluster, console: FollowedConsole) -> None:
    processes = (cluster.cloud.layout.cgroup / "console/cgroup.procs").read_text()
    assert open_console(cluster.cloud, cluster.folder) == console.url
    assert (cluster.cloud.layout.cgroup / "console/cgroup.procs").read_text() == processes


def test_the_command_line_opens_the_console(cluster: Cluster, console: FollowedConsole) -> None:
    shown = subprocess.run(
        [Path(".venv/bin/localcloud").absolute(), "--name", cluster.cloud.layout.name, "console"],
        cwd=cluster.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"Console: {console.url}\n"


def test_a_console_without_a_page_costs_nothing(cluster: Cluster, console: FollowedConsole) -> None:
    console.close()
    time.sleep(LINGER_SECONDS + 1)

    def used() -> float:
        before = cpu_seconds(cluster)
        time.sleep(IDLE_SECONDS)
        return cpu_seconds(cluster) - before

    # On a busy machine the last page's end may take longer.
    wait_for(used, lambda seconds: seconds < 0.001 * IDLE_SECONDS, "idle console")


def test_the_console_ends_and_begins_with_the_local_cloud(cluster: Cluster, console: FollowedConsole) -> None:
    cluster.cloud.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(console.url, trust_env=False)
    port = httpx.URL(console.url).port
    assert port is not None
    with socket.create_server(("127.0.0.1", port)):
        refused = started(cluster)
    assert f"the console, which ran before, does not run: cannot listen on 127.0.0.1:{port}" in refused
    assert f"Console: {console.url}" in started(cluster)
    with FollowedConsole(console.url) as again:
        assert again.done() == ["writer", "change", "refused", "healed", "repaired"]


def started(cluster: Cluster) -> str:
    """Start the local cloud, and return what the command says."""
    begun = subprocess.run(
        [Path(".venv/bin/localcloud").absolute(), "--name", cluster.cloud.layout.name, "start"],
        capture_output=True,
        text=True,
        check=True,
    )
    return begun.stderr
