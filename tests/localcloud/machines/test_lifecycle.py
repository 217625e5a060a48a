"""Start, stop and reset: repeated, interrupted, concurrent, and after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.tokens import BACKUP_BUCKET

from .droplets import await_active, call, create, inside, status
from .host_state import listening, traces
from .lab import eventually


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[[], LocalCloud]) -> LocalCloud:
    """A running local cloud with one droplet, which has a volume."""
    cloud = make_cloud()
    cloud.start()
    volume = {"name": "data", "size_gigabytes": 1, "region": "fra1", "filesystem_type": "ext4"}
    volume_id = call(cloud, "POST", "/volumes", volume)["volume"]["id"]
    create(cloud, "keeper", volumes=[volume_id])
    return cloud


@pytest.fixture
def running(cloud: LocalCloud) -> Iterator[LocalCloud]:
    cloud.start()
    await_active(cloud, [droplet_id(cloud)])
    yield cloud
    cloud.start()


def droplet_id(cloud: LocalCloud) -> int:
    return cloud.machine("keeper").id


def localcloud(cloud: LocalCloud, *arguments: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "localcloud.cli.main", "--name", cloud.layout.name, *arguments]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def processes(cloud: LocalCloud, part: str) -> list[int]:
    return Cgroup(cloud.layout.cgroup / part).processes()


def test_starting_a_running_cloud_changes_nothing(running: LocalCloud) -> None:
    def services() -> set[int]:
        return {process for part in ("api", "dnsmasq", "plugins") for process in processes(running, part)}

    # The plugins' process makes another one for each connection, even for a check. It ends soon.
    eventually(lambda: len(services()) == 3, "one process of each")
    before = services()
    leader = running.machine("keeper").leader()
    running.start()
    eventually(lambda: services() == before, "the same processes")
    assert running.machine("keeper").leader() == leader


def test_stop_leaves_nothing_but_the_state(running: LocalCloud) -> None:
    assert traces(running.layout.name)
    running.stop()
    assert traces(running.layout.name) == set()
    assert (running.layout.state / "api.sqlite").exists()
    running.stop()
    assert running.status().problem == "stopped"


def test_machines_and_their_data_are_back_after_a_stop_and_start(running: LocalCloud) -> None:
    inside(running, "keeper", "echo kept >/root/file; sync")
    running.stop()
    running.start()
    assert status(running, droplet_id(running)) == "active"
    eventually(lambda: inside(running, "keeper", "cat /root/file") == "kept", "the machine's file")


def test_a_machine_that_was_off_is_off_after_a_stop_and_start(running: LocalCloud) -> None:
    droplet = droplet_id(running)
    call(running, "POST", f"/droplets/{droplet}/actions", {"type": "power_off"})
    eventually(lambda: status(running, droplet) == "off", "the droplet to be off")
    running.stop()
    running.start()
    assert not running.machine("keeper").running
    call(running, "POST", f"/droplets/{droplet}/actions", {"type": "power_on"})
    await_active(running, [droplet])


def test_machines_keep_running_without_the_api(running: LocalCloud) -> None:
    leader = running.machine("keeper").leader()
    for process in processes(running, "api"):
        os.kill(process, signal.SIGKILL)
    eventually(lambda: running.status().problem == "its API is not ready", "the API to be gone")
    assert running.machine("keeper").leader() == leader
    running.start()
    assert running.machine("keeper").leader() == leader
    assert status(running, droplet_id(running)) == "active"


def test_start_repairs_what_a_crash_ended(running: LocalCloud) -> None:
    """All processes are killed at the same time, as in a crash of the host. Everything else is left in place."""
    Cgroup(running.layout.cgroup).kill()
    eventually(lambda: not processes(running, ""), "the end of all processes")
    running.start()
    assert running.status().running
    eventually(lambda: inside(running, "keeper", "hostname") == "keeper", "the machine")


def test_start_repairs_a_machine_whose_supervisor_was_killed(running: LocalCloud) -> None:
    machine = running.machine("keeper")
    for process in processes(running, f"machines/{machine.id}/supervisor"):
        os.kill(process, signal.SIGKILL)
    eventually(lambda: not machine.running, "the machine to go with its supervisor")
    for process in processes(running, "api"):
        os.kill(process, signal.SIGKILL)
    running.start()
    assert machine.running


def test_start_recreates_a_lost_network(running: LocalCloud) -> None:
    subprocess.run(["ip", "netns", "delete", running.layout.namespace], check=True)
    running.start()
    assert running.status().running
    droplet = call(running, "GET", f"/droplets/{droplet_id(running)}")["droplet"]
    address = next(entry["ip_address"] for entry in droplet["networks"]["v4"] if entry["type"] == "public")
    connect = ["timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{address}/22"]
    eventually(
        lambda: running.run(connect, cwd=Path("/"), capture_output=True).returncode == 0, "the machine"
    )


@pytest.mark.parametrize("after", [0.3, 0.7, 1.1, 1.5])
def test_an_interrupted_start_is_completed_by_the_next(running: LocalCloud, after: float) -> None:
    running.stop()
    process = localcloud(running, "start")
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    running.start()
    assert running.status().running
    assert running.machine("keeper").running


@pytest.mark.parametrize("after", [0.5, 0.8, 1.1])
def test_an_interrupted_stop_is_completed_by_the_next(running: LocalCloud, after: float) -> None:
    process = localcloud(running, "stop")
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    running.stop()
    assert traces(running.layout.name) == set()


def test_stop_ends_commands_that_still_run_inside(running: LocalCloud) -> None:
    process = localcloud(running, "run", "--", "sleep", "600")
    eventually(lambda: len(processes(running, "commands")) > 0, "the command")
    running.stop()
    process.communicate(timeout=10)
    assert traces(running.layout.name) == set()


def test_stop_does_not_wait_for_inhibitors(running: LocalCloud) -> None:
    hold = "systemd-inhibit --what=shutdown --mode=block sleep 600"
    # Repeat both until they work: systemd and logind may not answer yet while the machine boots.
    again = f"systemctl is-active --quiet inhibitor || systemd-run --quiet --collect --unit=inhibitor {hold}"
    eventually(
        lambda: "sleep" in inside(running, "keeper", f"{again}; systemd-inhibit --list"), "the inhibitor"
    )
    said: list[str] = []
    LocalCloud(running.layout.name, said.append).stop()
    assert not [line for line in said if "cutting the power" in line]


def test_a_second_command_waits_until_the_first_has_finished(running: LocalCloud) -> None:
    first = localcloud(running, "stop")
    eventually(lambda: "stop" in running.layout.lock.read_text(), "the first command's lock")
    first.send_signal(signal.SIGSTOP)
    second = localcloud(running, "start")
    assert second.stdout is not None
    waiting = next(line for line in second.stdout if "waiting" in line)
    assert f"waiting up to 600 s for localcloud stop (process {first.pid}) to finish" in waiting
    first.send_signal(signal.SIGCONT)
    for command in (first, second):
        command.communicate(timeout=60)
    assert running.status().running


def test_stop_is_rejected_inside_the_local_cloud(running: LocalCloud) -> None:
    inner = running.run(
        [sys.executable, "-m", "localcloud.cli.main", "stop"], cwd=Path("/"), capture_output=True, text=True
    )
    assert inner.returncode == 1
    assert "exit its shell first" in inner.stderr
    assert running.status().running


def test_two_local_clouds_are_isolated_from_each_other(
    running: LocalCloud, make_cloud: Callable[[], LocalCloud]
) -> None:
    other = make_cloud()
    other.start()
    create(other, "keeper", user_data="#cloud-config\nwrite_files: [{path: /root/file, content: other}]\n")
    assert inside(other, "keeper", "cat /root/file") == "other"
    assert other.machine("keeper").facts().addresses[0] == running.machine("keeper").facts().addresses[0]
    other.reset()
    assert traces(other.layout.name) == set()
    assert not other.layout.state.exists()
    assert running.status().running
    assert inside(running, "keeper", "hostname") == "keeper"


def test_reset_of_an_unknown_cloud_does_nothing(make_cloud: Callable[[], LocalCloud]) -> None:
    cloud = make_cloud()
    cloud.reset()
    assert traces(cloud.layout.name) == set()


def test_nothing_listens_outside_the_namespace(running: LocalCloud) -> None:
    assert listening(running) == set()


def test_only_root_can_read_logs(running: LocalCloud) -> None:
    modes = {file.name: file.stat().st_mode & 0o777 for file in running.layout.logs.iterdir()}
    assert modes == dict.fromkeys(("api.log", "dnsmasq.log", "object-store.log", "plugins.log"), 0o600)


def test_objects_are_kept_after_a_crash_of_the_store_and_a_stop(running: LocalCloud) -> None:
    kept = running.layout.objects / "buckets" / BACKUP_BUCKET / "kept"
    kept.write_bytes(b"kept")
    Cgroup(running.layout.cgroup / "object-store").kill()
    eventually(lambda: not running.objects.running(), "the end of the object store")
    assert running.status().problem == "its object store does not run"
    running.start()
    assert running.status().running
    running.stop()
    assert kept.read_bytes() == b"kept"
    running.start()
    assert running.status().running


def test_files_of_an_interrupted_write_do_not_prevent_a_start(running: LocalCloud) -> None:
    running.stop()
    half_written = running.layout.namespace_files / ".resolv.conf.1"
    half_written.parent.mkdir(parents=True)
    half_written.touch()
    running.start()
    assert running.status().running
    assert not half_written.exists()


def test_start_restarts_the_plugin_process(running: LocalCloud) -> None:
    Cgroup(running.layout.cgroup / "plugins").kill()
    eventually(lambda: not processes(running, "plugins"), "the end of the process")
    assert running.status().problem == "its plugin process does not run"
    running.start()
    assert running.status().running


def test_the_error_for_an_unknown_machine_lists_the_existing_ones(running: LocalCloud) -> None:
    with pytest.raises(LocalCloudError, match=r"machine nobody does not exist \(machines: keeper\)"):
        running.machine("nobody")
