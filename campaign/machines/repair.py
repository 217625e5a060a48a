"""Repairs the cluster after the faults, as the documentation says: one ``pulumi up``, or what its message names."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from campaign.history.problem import Problem
from campaign.machines.life import BROKEN, Life
from campaign.machines.run_outcome import End
from campaign.machines.stack import PATIENT, RECOVER
from localcloud.toolchain.etcd import checksum

CHECK = "repair"
ROUNDS = 5
"""The most recoveries in one schedule, each followed by a run."""

HEALTHY_SECONDS = 120.0
"""Seconds in which all members answer after a good run."""
REJOIN_SECONDS = 150.0
"""Seconds in which a member with damaged data receives that of the others."""

DAMAGED = re.compile(
    rf"^ *(\S+): [^\n]*\n(?: *its machine says: [^\n]*\n)? *to repair it: [^\n]*{re.escape(RECOVER)} rejoin"
    rf"|To repair (\S+): [^\n]*{re.escape(RECOVER)} rejoin",
    re.MULTILINE,
)
TARGETED = re.compile(r"pulumi up ((?:--target-replace '[^']+' ?)(?:--target '[^']+' ?)*)")
SET_BACK = re.compile(
    r"Set (?:it|etcd:authorities) to (\[[\d, ]+\]|\d+\.\d+\.\d+) and complete a pulumi up first"
)


def repair(life: Life) -> bool:
    """Bring all members up, and return whether that succeeded.

    It adds a problem if a run fails and names no way out, and if a member does not come up after a good run.
    """
    life.runs.unlock()
    life.stack.configure(**PATIENT)
    for number in range(ROUNDS):
        outcome = life.runs.run()
        if outcome.end is End.DONE:
            break
        followed = _follow(life, outcome.output)
        if not followed or number + 1 == ROUNDS:
            life.problems.append(
                Problem(CHECK, f"after the faults, pulumi up ended as {outcome.end}: {outcome.why}")
            )
            return False
    life.save_files()
    life.expect(life.stack.names)
    life.clients.set_members(life.stack.names)
    if life.wait_up(life.stack.names, HEALTHY_SECONDS):
        return True
    missing = sorted(set(life.stack.names) - set(life.members_up()))
    life.problems.append(Problem(CHECK, f"after a good run, {', '.join(missing)} did not answer"))
    return False


def _follow(life: Life, output: str) -> bool:
    """Do what the message of a run says. Returns whether it named a documented way out."""
    if (found := TARGETED.search(output)) is not None:
        life.runs.run(*shlex.split(found[1]))
        return True
    if damaged := damaged_members(output):
        return _rejoin(life, damaged)
    if earlier := earlier_settings(output):
        return _set_back(life, earlier)
    return False


def _rejoin(life: Life, damaged: Sequence[str]) -> bool:
    """Let the members with damaged data receive the data of the others: docs/recovery.md, Damaged data."""
    for name in damaged:
        life.log.note(f"recover rejoin on {name}")
        try:
            life.log.note(life.stack.on(name, f"{RECOVER} rejoin 2>&1"))
        except BROKEN as error:
            life.log.note(f"recover rejoin failed: {str(error).strip()[-500:]}")
            return False
        life.wait_up([name], REJOIN_SECONDS)
    return True


def damaged_members(output: str) -> list[str]:
    """The members for which a message names ``recover rejoin``, each once. The message has others that only wait."""
    return list(dict.fromkeys(found[1] or found[2] for found in DAMAGED.finditer(output)))


def earlier_settings(output: str) -> Mapping[str, Any]:
    """The settings of the step that a message asks to complete first: authorities or a version. Empty without such."""
    if (found := SET_BACK.search(output)) is None:
        return {}
    if found[1].startswith("["):
        return {"authorities": json.loads(found[1])}
    return {"version": found[1], "releaseSha256": checksum(found[1])}


def _set_back(life: Life, earlier: Mapping[str, Any]) -> bool:
    """Complete the step before the one that is configured."""
    wanted = {key: life.stack.settings[f"etcd:{key}"] for key in earlier}
    life.stack.configure(**earlier)
    ended = life.runs.run().end
    life.save_files()
    life.stack.configure(**wanted)
    return ended is End.DONE
