"""A second stack that starts from a backup of the first, and has exactly what that had at the backup's revision."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from campaign.history.problem import Problem
from campaign.machines.life import Life
from campaign.machines.run_outcome import outcome_of
from campaign.machines.stack import PATIENT
from testbed.cluster import UP_LIMIT, Cluster

CHECK = "restore"
STACK = "restored"
REVISION = re.compile(r"_r(\d+)_")


def restore(life: Life, backup: str) -> None:
    """Restore a backup into a stack with one member, compare the keys, and destroy it at the end of the schedule."""
    folder = life.folder / STACK
    if folder.exists():
        life.log.note("a second restore is left out: one is enough for a schedule")
        return
    folder.mkdir()
    first = {key.removeprefix("etcd:"): value for key, value in life.stack.settings.items()}
    copied = {key: first[key] for key in ("version", "releaseSha256", "auth", "clients") if key in first}
    stack = Cluster(
        life.stack.cloud,
        folder,
        STACK,
        domain=f"{STACK}.example.test",
        size=1,
        restoreFrom=f"etcd-etcd-{life.stack.stack}/{backup}",
        **copied,
        **PATIENT,
    )
    life.others.append(stack)
    done = stack.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    outcome = outcome_of(done.returncode, done.stdout, disturbed=False)
    life.log.note(f"the restore of {backup} ended: {outcome.end} {outcome.why}")
    life.runs.outcomes.append(outcome)
    if done.returncode == 0:
        _compare(life, stack, int(REVISION.findall(backup)[0]))


def _compare(life: Life, stack: Cluster, revision: int) -> None:
    """Compare the workload's keys in both clusters, that of the first one at a revision."""
    there = _keys(life.stack, life.prefix, f"--rev={revision}")
    here = _keys(stack, life.prefix)
    if there is None or here is None:
        life.log.note("the restored keys could not be compared: a cluster did not answer")
    elif there == here:
        life.log.note(f"the restored cluster has the {len(here)} keys of revision {revision}")
    else:
        different = sorted(key for key in there.keys() | here.keys() if there.get(key) != here.get(key))
        life.problems.append(
            Problem(CHECK, f"the restored cluster differs from revision {revision} in {', '.join(different)}")
        )


def _keys(cluster: Cluster, prefix: str, *options: str) -> dict[str, str] | None:
    """Keys and values below a prefix; ``None`` without an answer."""
    done = cluster.run("etcdctl", "get", "--prefix", prefix, "-w", "json", *options)
    if done.returncode != 0:
        return None
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1]).get("kvs", [])
    return {_text(one["key"]): _text(one["value"]) for one in found}


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
