"""Loses the data of all members but one, and recovers as docs/recovery.md says: One survivor."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from campaign.history.problem import Problem
from campaign.machines.life import BROKEN, Life
from campaign.machines.stack import RECOVER

CHECK = "recovery"
UNITS = "etcd.service etcd-reconcile.service"
DATA = "/var/lib/etcd/data"
LONGER = re.compile(rf"{re.escape(RECOVER)} alone(?: --\S+)+")
"""The command that a refusal names."""

TWO_LEFT_SECONDS = 2.0
"""How long two members go on: a write that is acknowledged then is in the log of both, with all before it."""

UP_SECONDS = 150.0
"""Seconds in which the members that lost their data join the survivor."""


def one_survivor(life: Life) -> None:
    """Stop one follower, kill the leader a little later, delete the data of both, and recover from the other follower.

    The survivor has every acknowledged write in its log. It may not know of the last ones that they are committed.
    """
    try:
        leader, lost, survivor = _by_role(life)
        life.log.note(f"{leader} (the leader) and {lost} lose their data, {survivor} keeps it")
        life.stack.on(lost, f"systemctl stop {UNITS}")
        time.sleep(TWO_LEFT_SECONDS)
        life.stack.on(leader, f"systemctl kill --signal=KILL etcd.service; systemctl stop {UNITS}")
        for name in (leader, lost):
            life.stack.on(name, f"rm -rf {DATA}/*; systemctl start --no-block {UNITS}")
        _recover(life, survivor)
    except (*BROKEN, ValueError) as error:
        life.problems.append(
            Problem(CHECK, f"the recovery from one survivor failed: {str(error).strip()[-1000:]}")
        )
        return
    if not life.wait_up(life.stack.names, UP_SECONDS):
        missing = ", ".join(sorted(set(life.stack.names) - set(life.members_up())))
        life.problems.append(Problem(CHECK, f"after the recovery from one survivor, {missing} did not join"))


def _by_role(life: Life) -> tuple[str, str, str]:
    """The leader and two followers."""
    answers: list[dict[str, Any]] = json.loads(life.stack.etcdctl("endpoint", "status", "-w", "json"))
    leads = {
        urlsplit(str(one["Endpoint"])).hostname or "": one["Status"]["leader"]
        == one["Status"]["header"]["member_id"]
        for one in answers
    }
    (leader,) = (name for name, is_leader in leads.items() if is_leader)
    first, second = (name for name in leads if name != leader)
    return leader, first, second


def _recover(life: Life, survivor: str) -> None:
    life.log.note(life.stack.on(survivor, f"{RECOVER} check 2>&1 || true").strip())
    life.stack.on(survivor, f"systemctl stop etcd.service && cp -a {DATA} /root/etcd-data")
    said = life.stack.on(survivor, f"{RECOVER} alone 2>&1 || true")
    life.log.note(said.strip())
    if (longer := LONGER.search(said)) is not None:
        life.log.note(life.stack.on(survivor, f"{longer[0]} 2>&1").strip())
