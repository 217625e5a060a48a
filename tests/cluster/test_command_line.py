"""The command line and the make targets, as a user calls them, on a cluster that runs."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud.checkout import CHECKOUT
from testbed.cluster import PATIENCE, UP_LIMIT, Cluster, wait_for

COMMAND = CHECKOUT / ".venv/bin/localcloud"
NAMES = tuple(f"etcd-server-{number}.example.test" for number in (1, 2, 3))
ENDPOINTS = tuple(f"https://{name}:2379" for name in NAMES)
PROOF = re.compile(
    r"^Test key ([0-9a-f]{16}):\n  written through  (\S+)\n  read through     (\S+)$", re.MULTILINE
)


def arguments(cluster: Cluster, *words: str) -> list[str]:
    return [str(COMMAND), "--name", cluster.cloud.layout.name, *words]


def environment(**changes: str) -> Mapping[str, str]:
    """A terminal of 80 columns, and none of the variables of a make that runs these tests."""
    above = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKECMDGOALS", "LOCALCLOUD_NAME"}
    kept = {name: value for name, value in os.environ.items() if name not in above}
    return kept | {"COLUMNS": "80"} | changes


def localcloud(
    cluster: Cluster, *words: str, given: str = "", **changes: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(cluster, *words),
        cwd=cluster.folder,
        env=environment(**changes),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def make(cluster: Cluster, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words],
        cwd=CHECKOUT,
        env=environment(LOCALCLOUD_NAME=cluster.cloud.layout.name),
        capture_output=True,
        text=True,
        timeout=UP_LIMIT,
        check=False,
    )


def table(output: str) -> dict[str, list[str]]:
    """The cells of each machine's row, by its name."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in output.splitlines()]
    return {row[0]: row[1:] for row in rows if row[0].startswith("etcd-server-")}


def addresses(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Each droplet's public and private address, as the DigitalOcean API says it."""
    found: dict[str, tuple[str, str]] = {}
    for droplet in cluster.digitalocean("GET", "/v2/droplets")["droplets"]:
        by_type = {entry["type"]: entry["ip_address"] for entry in droplet["networks"]["v4"]}
        found[droplet["name"]] = by_type["public"], by_type["private"]
    return found


def test_make_up_shows_the_members_and_proves_a_write_and_a_read(
    cluster: Cluster,
) -> None:
    done = make(cluster, "up")
    assert done.returncode == 0, done.stdout + done.stderr
    whole, _, ending = done.stdout.partition(f"local cloud {cluster.cloud.layout.name}: running\n")
    assert re.search(r"^Resources:\n +\d+ unchanged\n", whole, re.MULTILINE)
    assert [row[-1] for row in table(ending).values()] == ["healthy"] * 3
    assert PROOF.search(ending)
    assert "Outputs:" not in done.stdout
    assert "PRIVATE KEY" not in done.stdout


def test_make_up_fits_80_columns_and_names_the_files_to_connect_with(cluster: Cluster) -> None:
    _, _, ending = make(cluster, "up").stdout.partition("local cloud ")
    assert list(table(ending)) == list(NAMES)
    assert [line for line in ending.splitlines() if len(line) > 80] == []
    found = re.search(r"^  (/\S+/)\n  (\S+)  (\S+)  (\S+)$", ending, re.MULTILINE)
    assert found
    folder, *names = found.groups()
    ca, certificate, key = (folder + name for name in names)
    done = cluster.run(
        *(
            "env",
            "-u",
            "ETCDCTL_CACERT",
            "-u",
            "ETCDCTL_CERT",
            "-u",
            "ETCDCTL_KEY",
            "-u",
            "ETCDCTL_ENDPOINTS",
        ),
        *("etcdctl", f"--cacert={ca}", f"--cert={certificate}", f"--key={key}"),
        *(f"--endpoints={ENDPOINTS[0]}", "endpoint", "health"),
    )
    assert "is healthy" in done.stdout


def test_make_etcdctl_prints_what_etcdctl_prints_and_nothing_else(cluster: Cluster) -> None:
    assert make(cluster, "etcdctl", "ARGS=put /make green").stdout == "OK\n"
    assert make(cluster, "etcdctl", "ARGS=get --prefix /make").stdout == "/make\ngreen\n"
    assert make(cluster, "etcdctl", "ARGS=del /make").stdout == "1\n"


def test_prove_writes_through_one_member_and_reads_through_another(cluster: Cluster) -> None:
    before = cluster.revision()
    done = localcloud(cluster, "prove")
    assert done.returncode == 0, done.stderr
    assert "".join((":\n", *(f"  {url}\n" for url in ENDPOINTS), "\n")) in done.stdout
    found = PROOF.search(done.stdout)
    assert found
    value, written, read = found.groups()
    assert (written, read) == (ENDPOINTS[0], ENDPOINTS[-1])
    then = cluster.etcdctl("get", "/localcloud/prove", "--print-value-only", "--rev", str(before + 1))
    assert then == f"{value}\n"
    assert cluster.etcdctl("get", "/localcloud/prove") == ""
    assert cluster.revision() == before + 2


def test_a_client_that_the_stack_does_not_have_is_named_with_those_it_has(cluster: Cluster) -> None:
    done = localcloud(cluster, "--client", "shop", "run", "--", "etcdctl", "get", "/key")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "localcloud: client shop has no certificate in this stack (clients: etcd-operator)\n"
    )


def test_status_shows_machines_addresses_records_and_health(cluster: Cluster) -> None:
    done = localcloud(cluster, "status")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"local cloud {cluster.cloud.layout.name}: running"
    expected = {name: [*both, "yes", "healthy"] for name, both in addresses(cluster).items()}
    assert sorted(expected) == list(NAMES)
    assert table(done.stdout) == expected
    told = json.loads(localcloud(cluster, "status", "--json").stdout)
    assert {name: found for name, (found,) in told["records"].items()} == cluster.members()
    assert [machine["etcd"] for machine in told["machines"]] == ["healthy"] * 3


def test_a_member_that_does_not_run_is_seen_by_status_and_by_prove(cluster: Cluster) -> None:
    cluster.on("etcd-server-2", "systemctl stop etcd")
    try:
        status = wait_for(
            lambda: localcloud(cluster, "status", COLUMNS="120").stdout,
            lambda text: "etcd-server-2.example.test: etcd is stopped" in text,
            "reason",
        )
        proved = localcloud(cluster, "prove")
    finally:
        cluster.on("etcd-server-2", "systemctl start etcd")
        cluster.wait_healthy()
    assert table(status)["etcd-server-2.example.test"][-1] == "not serving (inactive)"
    assert proved.returncode == 1
    assert proved.stderr == "localcloud: etcdctl endpoint health --cluster: Error: unhealthy cluster\n"


def test_exec_runs_a_command_as_root_in_a_machine_and_passes_all_of_it_on(cluster: Cluster) -> None:
    script = 'echo "$(hostname) $(whoami)"; cat; printf "<%s>" "$@" >&2; exit 7'
    done = localcloud(
        cluster, "exec", "etcd-server-2", "--", "sh", "-c", script, "sh", "a  b", "--", "-n", given="typed\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        7, "etcd-server-2 root\ntyped\n", "<a  b><--><-n>",
    )  # fmt: skip


def test_logs_prints_a_machines_journal_whole_or_of_one_unit(cluster: Cluster) -> None:
    cluster.on("etcd-server-3", "echo a line of the test | systemd-cat -t command-line && journalctl --sync")
    whole = localcloud(cluster, "logs", "etcd-server-3.example.test")
    assert whole.returncode == 0, whole.stderr
    assert "command-line" in whole.stdout
    unit = localcloud(cluster, "logs", "etcd-server-3", "--unit", "etcd")
    assert "ready to serve client requests" in unit.stdout
    assert "a line of the test" in whole.stdout
    assert "a line of the test" not in unit.stdout
    assert "a line of the test" not in localcloud(cluster, "logs", "etcd-server-1").stdout


def test_logs_goes_on_with_what_comes_until_ctrl_c(cluster: Cluster) -> None:
    process = subprocess.Popen(
        arguments(cluster, "logs", "etcd-server-3", "--follow"),
        cwd=cluster.folder, stdout=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip
    assert process.stdout
    with process.stdout as lines:
        # It follows as soon as it has shown the last lines of before.
        assert next(lines)
        cluster.on("etcd-server-3", "echo a later line | systemd-cat")
        assert next(line for line in lines if "a later line" in line)
        os.killpg(process.pid, signal.SIGINT)
        # Whether Ctrl-C is a failure is for journalctl's version to say.
        assert process.wait(PATIENCE) in {0, 130}


@pytest.mark.parametrize("command", [("exec", "etcd-server-9", "--", "true"), ("logs", "etcd-server-9")])
def test_a_machine_that_is_not_there_is_named_with_those_that_are(
    cluster: Cluster, command: tuple[str, ...]
) -> None:
    done = localcloud(cluster, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"localcloud: machine etcd-server-9 does not exist (machines: {', '.join(NAMES)})\n"


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_plain_pulumi_and_etcdctl_work_in_an_interactive_shell(
    cluster: Cluster, tmp_path: Path, shell: str
) -> None:
    # A user's own start-up file may put other commands first, and name other accounts.
    (tmp_path / ".bashrc").write_text(
        "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nPS1='$ '\n"
        "export PULUMI_BACKEND_URL=s3://production PULUMI_STACK=fra1 DIGITALOCEAN_TOKEN=users\n"
        "export https_proxy=http://127.0.0.1:1 ETCDCTL_ENDPOINTS=https://127.0.0.1:1\n"
    )
    typed = "pulumi stack --show-name\netcdctl endpoint health --cluster\nexit 3\n"
    found = {"SHELL": shell, "HOME": str(tmp_path), "ENV": str(tmp_path / ".bashrc")}
    status, shown = typed_into(cluster, typed, **found)
    assert status == 3
    assert f"({cluster.cloud.layout.name}) $ " in shown
    assert "local" in shown.split()
    assert shown.count("is healthy: successfully committed proposal") == 3


def test_plain_pulumi_and_etcdctl_work_in_a_shell_that_reads_a_script(cluster: Cluster) -> None:
    done = localcloud(
        cluster, "shell", given="pulumi stack output endpoints\netcdctl endpoint health\nexit 4\n"
    )
    assert done.returncode == 4
    assert json.loads(done.stdout.splitlines()[0]) == list(ENDPOINTS)
    assert (done.stdout + done.stderr).count("is healthy: successfully committed proposal") == 3


def typed_into(cluster: Cluster, typed: str, **changes: str) -> tuple[int, str]:
    """The exit status of a shell on a terminal, and what the terminal shows."""
    ours, theirs = pty.openpty()
    process: subprocess.Popen[Any] = subprocess.Popen(
        arguments(cluster, "shell"),
        cwd=cluster.folder, env=environment(**changes), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    try:
        # The end of a terminal that nobody has open any longer is an error on Linux.
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:
        pass
    finally:
        os.close(ours)
    return process.wait(PATIENCE), shown.decode(errors="replace")
