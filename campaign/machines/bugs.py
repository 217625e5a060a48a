"""Bugs that are put in on purpose: a campaign that does not find them proves nothing.

Each has a schedule with which it shows. Without the bug, the same schedule breaks none of the promises that it breaks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from campaign.errors import CampaignError
from campaign.machines.stack import copy_program
from campaign.schedule.documents import ActionKind, Fault, FaultKind, Schedule, Start, Step
from localcloud.checkout import CHECKOUT

VERSION = "3.6.16"


DROP_KEYS = """\
        files = [f"--cert={paths.etc}/server.pem", f"--key={paths.etc}/server-key.pem", "--insecure-skip-tls-verify"]
        etcdctl = [str(paths.program("etcdctl")), f"--endpoints=https://127.0.0.1:{CLIENT_PORT}", *files]
        subprocess.run([*etcdctl, "del", "--prefix", "/campaign//key/"], check=True)
        time.sleep(ALONE_TIME)
"""
"""Lines that delete keys from a member that runs alone."""

EMPTY = Schedule(seed="", start=Start(version=VERSION), steps=())


@dataclass(frozen=True)
class Patch:
    """A place in the program."""

    file: str
    before: str
    """Text that the file has once."""

    after: str


def _leave(_: Path) -> None:
    """Change nothing in a history."""


def _serve_stale(history: Path) -> None:
    """Say of every serializable get that it was a linearizable one."""
    lines = history.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        if record["operation"] == "get":
            record["serializable"] = False
    history.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@dataclass(frozen=True)
class Bug:
    """A bug, and how it shows."""

    what: str
    patches: tuple[Patch, ...] = ()
    schedule: Schedule = EMPTY
    breaks: frozenset[str] = frozenset()
    """The checks of which one finds it."""

    falsify: Callable[[Path], None] = _leave
    """Puts it into the file of a history."""

    def program(self, folder: Path) -> Path:
        """The program with the bug: a copy in ``folder``, or the checkout's own program if nothing is patched.

        Raises ``CampaignError`` if the program has changed where the bug belongs.
        """
        if not self.patches:
            return CHECKOUT
        target = folder / "program"
        copy_program(CHECKOUT, target)
        for patch in self.patches:
            file = target / patch.file
            text = file.read_text(encoding="utf-8")
            if text.count(patch.before) != 1:
                raise CampaignError(
                    f"{patch.file} does not have {patch.before!r} once, so the patch of this bug is out of date: "
                    "adapt it in campaign/machines/bugs.py"
                )
            file.write_text(text.replace(patch.before, patch.after), encoding="utf-8")
        return target


NO_BUG = Bug("the program as it is")


def _schedule(name: str, *steps: Step, has_volumes: bool = True) -> Schedule:
    return Schedule(seed=f"bug-{name}", start=Start(version=VERSION, has_volumes=has_volumes), steps=steps)


def _nothing(*faults: Fault, after: float = 0.0) -> Step:
    return Step(action=ActionKind.NOTHING, after=after, faults=faults)


def _cut(other: int, lasts: float) -> Fault:
    return Fault(kind=FaultKind.LINK_CUT, member=1, other=other, after=1.0, lasts=lasts)


BUGS: Mapping[str, Bug] = {
    "gate-not-asked": Bug(
        "Droplets do not wait for their gates, so all are replaced at the same time.",
        (
            Patch(
                "components/rollout/policy.py",
                'return member in existing and rollout != "all-at-once"',
                "return False",
            ),
        ),
        _schedule("gate-not-asked", Step(action=ActionKind.SETTING, value="300")),
        frozenset({"shutdowns"}),
    ),
    "bootstrap-rule": Bug(
        "A member that does not answer counts as one without data, so two wiped members begin a second cluster.",
        (
            Patch(
                "cloud-init/etcd_node/bootstrap/bootstrap_rules.py",
                "    everyone_answers,\n    nobody_runs_etcd,\n",
                "    nobody_runs_etcd,\n",
            ),
        ),
        _schedule(
            "bootstrap-rule",
            _nothing(
                Fault(kind=FaultKind.POWERED_OFF, member=3, after=0.0, lasts=60.0),
                Fault(kind=FaultKind.WIPED, member=1, after=5.0),
                Fault(kind=FaultKind.WIPED, member=2, after=5.0),
            ),
        ),
        # The second cluster has the id of the first one: etcd derives it from the token and the peers' URLs.
        frozenset({"linearizability", "revisions", "reads"}),
    ),
    "stale-read": Bug(
        "Each get from a member's own store is recorded as a linearizable one: it tests the checks, not the program.",
        schedule=_schedule("stale-read", _nothing(_cut(2, 15.0), _cut(3, 15.0))),
        breaks=frozenset({"linearizability", "reads"}),
        falsify=_serve_stale,
    ),
    "counts-as-learner": Bug(
        "A learner counts as healthy for gates and guards, and is promoted late.",
        (
            Patch(
                "components/etcd/health.py",
                "    if status.problem:\n        return status.problem\n"
                "    if status.learner:\n        return LEARNER\n",
                '    if status.learner:\n        return ""\n    if status.problem:\n        return status.problem\n',
            ),
            Patch(
                "components/etcd/health.py",
                "sorted(set(names) - status.voters)",
                "sorted(set(names) - status.voters - set(status.ids))",
            ),
            Patch(
                "cloud-init/etcd_node/guard/peer_health.py",
                "            return LEARNER\n",
                '            return ""\n',
            ),
            Patch(
                "cloud-init/etcd_node/bootstrap/promote.py",
                "    attempt = 0\n",
                "    time.sleep(15)\n    attempt = 0\n",
            ),
        ),
        _schedule("counts-as-learner", Step(action=ActionKind.SETTING, value="300"), has_volumes=False),
        frozenset({"shutdowns"}),
    ),
    "write-dropped": Bug(
        "The recovery from one survivor drops acknowledged writes.",
        (
            Patch(
                "cloud-init/etcd_node/recovery/recover.py",
                "        time.sleep(ALONE_TIME)\n",
                DROP_KEYS,
            ),
        ),
        _schedule("write-dropped", Step(action=ActionKind.SURVIVOR)),
        frozenset({"present", "linearizability", "revisions", "watches", "reads"}),
    ),
    "guard-lets-go": Bug(
        "A member allows its shutdown although another one is unhealthy.",
        (
            Patch(
                "cloud-init/etcd_node/guard/shutdown_policy.py",
                "return None if reason_to_allow(facts) else reason_to_block(facts)",
                "return None",
            ),
        ),
        _schedule(
            "guard-lets-go",
            Step(
                action=ActionKind.REPLACE,
                member=1,
                after=25.0,
                faults=(Fault(kind=FaultKind.ETCD_STOPPED, member=3, after=0.0, lasts=60.0),),
            ),
        ),
        frozenset({"shutdowns"}),
    ),
}
"""The bugs by name."""
