"""``make acceptance`` lives through everything against the local cloud, in short, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from localcloud.machines.background_command import Command
from localcloud.tokens import BACKUP_BUCKET
from testbed.cluster import Cluster, wait_for
from tests.cluster.inventory import inventory

LIMIT = 900
STACK = "accepted"


@pytest.fixture
def stack(cloud: LocalCloud, tmp_path: Path) -> Iterator[Cluster]:
    """A stack that was never run, and its account as it was before."""
    made = Cluster(cloud, tmp_path, stack=STACK, domain=f"{STACK}.example.test")
    made.run("pulumi", "stack", "ls")
    before = everything(made)
    yield made
    assert everything(made) == before
    assert not list(tmp_path.glob(f"Pulumi.{STACK}-*.yaml"))


def begun(stack: Cluster) -> tuple[Command, Path]:
    """A run that has created its first droplet, and the file of its output."""
    before = droplets(stack)
    output = stack.folder / f"output{len(before)}.txt"
    with output.open("w") as written:
        run = stack.cloud.begin(
            command("--short", "--yes"),
            cwd=stack.folder,
            env={"PULUMI_STACK": STACK},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    wait_for(lambda: droplets(stack), lambda seen: bool(seen - before), "droplet")
    return run, output


def droplets(stack: Cluster) -> set[int]:
    """The droplets of all runs."""
    listed = stack.digitalocean("GET", "/v2/droplets?per_page=200")["droplets"]
    return {droplet["id"] for droplet in listed if f".{STACK}.example.test" in droplet["name"]}


def everything(stack: Cluster) -> dict[str, list[str]]:
    """What the account has, without the default VPC, which an account keeps for ever."""
    found = inventory(stack)
    return found | {"vpcs": [name for name in found["vpcs"] if not name.startswith("default-")]}


def command(*arguments: str) -> list[str]:
    return ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "acceptance", STACK, *arguments]


def report(stack: Cluster) -> dict[str, Any]:
    file = max(stack.folder.glob(f"acceptance-{STACK}-*.json"))
    return json.loads(file.read_text(encoding="utf-8"))


def test_a_short_run_passes_with_a_report_and_leaves_nothing(stack: Cluster) -> None:
    # Applications of such a stack are clients: the operator's certificate opens no key then.
    for key, value in {
        "etcd:auth": "true",
        "etcd:clients[0].name": "shop",
        "etcd:clients[0].permissions[0].access": "readwrite",
        "etcd:clients[0].permissions[0].prefix": "/shop/",
    }.items():
        stack.run("pulumi", "config", "set", "--path", key, value)
    result = stack.run(*command("--short", "--yes"), limit=LIMIT)
    assert result.returncode == 0, result.stdout
    told = report(stack)
    assert (told["passed"], told["left"]) == (True, [])
    steps = {step.pop("step"): step for step in told["steps"]}
    assert steps["no change"]["resources"].keys() == {"unchanged"}
    assert steps["a setting"]["resources"]["replaced"] >= 3
    assert steps["replace: writes"]["acknowledged"] > 0
    assert {step["lost"] for name, step in steps.items() if name.endswith(": lost writes")} == {0}
    assert steps["restore: lost writes"]["of"] > 0
    probe = steps["probe"]
    assert "/mnt/" in probe["first boot"]["facts"]["mounts"]
    assert "acceptance" in probe["first boot"]["facts"]["inhibitors"]
    assert probe["blocked shutdown"]["status of the droplet"] == "active"
    assert probe["blocked shutdown"]["locked"]
    assert probe["blocked shutdown"]["seconds until the droplet was unlocked"] > 0
    assert probe["deletion"].keys() == {
        "seconds of the droplet's deletion",
        "seconds until the volume is free",
        "seconds of the volume's deletion",
    }
    assert steps["backups"]["stored"]
    text = json.dumps(told)
    assert not [token for token in ("localcloud-full-access", "localcloud-backup-secret") if token in text]
    assert stored_backups(stack) == []


def test_an_interrupted_run_and_a_killed_one_leave_nothing_in_the_end(stack: Cluster) -> None:
    killed, output = begun(stack)
    killed.kill()
    (name,) = re.findall(rf"etcd-etcd-({STACK}-acceptance-[0-9a-f]+), ", output.read_text(encoding="utf-8"))
    # Another machine, or a fresh clone, has no such file.
    (stack.folder / f"Pulumi.{name}.yaml").unlink()

    run, output = begun(stack)
    os.killpg(run.process.pid, signal.SIGINT)
    wait_for(lambda: output.read_text("utf-8"), lambda text: "interrupted: waiting" in text, "interruption")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.killpg(run.process.pid, number)
    code = run.wait(LIMIT)
    printed = output.read_text(encoding="utf-8")
    assert code == 130, printed
    assert printed.count("Everything is being deleted: please wait") == 3
    assert f"--delete {name}" in printed
    told = report(stack)
    assert (told["passed"], told["failure"], told["left"]) == (False, "interrupted", [])

    deleted = stack.run(*command("--delete", name, "--yes"), limit=LIMIT)
    assert deleted.returncode == 0, deleted.stdout
    assert report(stack)["left"] == []


def test_nothing_is_created_without_a_yes(stack: Cluster) -> None:
    result = stack.run("sh", "-c", 'exec "$@" </dev/null', "sh", *command("--short"))
    assert result.returncode == 1
    assert "costs at most 0." in result.stdout
    assert "Go on?" in result.stdout
    assert not list(stack.folder.glob("acceptance-*.json"))


def stored_backups(stack: Cluster) -> list[Path]:
    """The backups in the bucket that the run's own cluster made."""
    bucket = stack.cloud.layout.objects / "buckets" / BACKUP_BUCKET
    return [file for folder in bucket.glob(f"etcd-etcd-{STACK}-*") for file in folder.rglob("*.db.gz")]
