"""``make acceptance`` lives through everything against the local cloud, in short, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.command import Command
from localcloud.tokens import BACKUP_BUCKET
from tests.cluster.cluster import CHECKOUT, Cluster, wait_for
from tests.cluster.inventory import inventory

LIMIT = 400
STACK = "accepted"


@pytest.fixture
def stack(cloud: LocalCloud, tmp_path: Path) -> Iterator[Cluster]:
    """A stack that was never run, and its account as it was before."""
    made = Cluster(cloud, tmp_path, stack=STACK, domain=f"{STACK}.example.test")
    made.run("pulumi", "stack", "ls")
    before = everything(made)
    yield made
    assert everything(made) == before
    assert not (tmp_path / f"Pulumi.{STACK}-acceptance.yaml").exists()


def begun(stack: Cluster) -> tuple[Command, Path]:
    """A run that has created its first droplet, and the file of its output."""
    before = droplets(stack)
    output = stack.folder / "output.txt"
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
    """The droplets of the run's own cluster."""
    listed = stack.digitalocean("GET", f"/v2/droplets?tag_name=etcd-etcd-{STACK}-acceptance")
    return {droplet["id"] for droplet in listed["droplets"]}


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
    assert probe["blocked shutdown"]["seconds locked"] > 0
    assert probe["deletion"].keys() == {
        "seconds of the droplet's deletion",
        "seconds until the volume is free",
        "seconds of the volume's deletion",
    }
    assert steps["backups"]["stored"]
    text = json.dumps(told)
    assert not [token for token in ("localcloud-full-access", "localcloud-backup-secret") if token in text]
    assert stored_backups(stack) == []


def test_a_run_deletes_what_it_has_made_and_what_a_killed_one_has_left(stack: Cluster) -> None:
    killed, _ = begun(stack)
    killed.kill()
    run, output = begun(stack)
    os.killpg(run.process.pid, signal.SIGTERM)
    code = run.wait(LIMIT)
    printed = output.read_text(encoding="utf-8")
    assert code == 130, printed
    assert f"An earlier run has left stack {STACK}-acceptance" in printed
    told = report(stack)
    assert (told["passed"], told["failure"], told["left"]) == (False, "interrupted", [])


def test_nothing_is_created_without_a_yes(stack: Cluster) -> None:
    result = stack.run("sh", "-c", 'exec "$@" </dev/null', "sh", *command("--short"))
    assert result.returncode == 1
    assert "costs at most 0." in result.stdout
    assert "Create it?" in result.stdout
    assert not list(stack.folder.glob("acceptance-*.json"))


def stored_backups(stack: Cluster) -> list[Path]:
    """The backups in the bucket that the run's own cluster made."""
    bucket = stack.cloud.layout.objects / "buckets" / BACKUP_BUCKET
    return list((bucket / f"etcd-etcd-{STACK}-acceptance").rglob("*.db.gz"))
