"""What the operator does in each kind of step."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping

from campaign.machines.life import Life
from campaign.machines.restored import restore
from campaign.machines.run_outcome import End
from campaign.machines.survivor import one_survivor
from campaign.schedule.documents import ActionKind, Step
from components.shared.backups import SUFFIX
from localcloud.toolchain.etcd import checksum
from testbed.changes import one_member
from testbed.update import Update

QUIET_SECONDS = 15.0
"""How long a step without an action lasts at least."""

BACKUP_SECONDS = 120.0
"""Seconds that a backup may take, on a cluster with faults."""

SETTLED_SECONDS = 20.0
"""How long the loss of most members' data waits for a healthy cluster."""


def nothing(_life: Life, _step: Step) -> None:
    """Wait for the faults."""
    time.sleep(QUIET_SECONDS)


def up(life: Life, _step: Step) -> None:
    """Run ``pulumi up``."""
    life.runs.run()


def setting(life: Life, step: Step) -> None:
    """Change what all members have."""
    life.stack.configure(maxTxnOps=int(step.value))
    life.runs.run()


def firewall(life: Life, step: Step) -> None:
    """Change what no member has."""
    networks = life.stack.settings["etcd:clientCidrs"]
    life.stack.configure(clientCidrs=[*networks, step.value])
    life.runs.run()


def upgrade(life: Life, step: Step) -> None:
    """Go up one minor version."""
    life.stack.configure(version=step.value, releaseSha256=checksum(step.value))
    life.runs.run()


def resize(life: Life, step: Step) -> None:
    """Change the number of members. Those that leave are not expected to be up any more."""
    size = int(step.value)
    before = life.stack.names
    life.stack.configure(size=size)
    life.expect([name for name in before if name in life.stack.names])
    if life.runs.run().end is End.DONE:
        life.expect(life.stack.names)
        life.clients.set_members(life.stack.names)


def replace(life: Life, step: Step) -> None:
    """Replace a droplet by command."""
    life.runs.run("--replace", life.stack.urn(step.member))


def renew(life: Life, step: Step) -> None:
    """Replace a certificate by command."""
    life.runs.run(*one_member(life.stack, step.member))


def drift(life: Life, step: Step) -> None:
    """Let the account show another droplet than the state has."""
    with life.stack.cloud.control as control:
        life.stack.drift(control, step.member)
    life.runs.run()


def rotate(life: Life, step: Step) -> None:
    """Do one step of a replacement of the CA."""
    life.stack.configure(authorities=[int(number) for number in step.value.split(",")])
    life.runs.run()


def _take_backup(life: Life, step: Step) -> str:
    """Take a backup on a member, and return its name, or an empty text if that failed."""
    try:
        done = life.stack.back_up(life.stack.name(step.member), BACKUP_SECONDS)
    except subprocess.TimeoutExpired:
        life.log.note(f"the backup did not end within {BACKUP_SECONDS:.0f} s")
        return ""
    words = done.stdout.split()
    life.log.note(f"the backup ended with {done.returncode}: {' '.join(words)[-200:]}")
    names = [word.rstrip(".,") for word in words if word.rstrip(".,").endswith(SUFFIX)]
    return names[-1] if done.returncode == 0 and names else ""


def backup(life: Life, step: Step) -> None:
    """Only take a backup, which may fail."""
    _take_backup(life, step)


def restored(life: Life, step: Step) -> None:
    """Take a backup, and restore it into another stack."""
    name = _take_backup(life, step)
    if name:
        restore(life, name)


def clients(life: Life, step: Step) -> None:
    """Add a client, and change the permissions of another one."""
    life.stack.add_client(step.value)
    life.runs.run()


def auth(life: Life, step: Step) -> None:
    """Switch authentication on or off."""
    life.stack.configure(auth=json.loads(step.value))
    life.runs.run()


def all_at_once(life: Life, step: Step) -> None:
    """Replace all members at the same time, as the documentation allows it with data volumes."""
    with life.may_take_all_down():
        life.stack.configure(maxTxnOps=int(step.value), rollout="all-at-once")
        life.runs.run()
        life.stack.configure(rollout=None)


def two_runs(life: Life, step: Step) -> None:
    """Start a run while another one works."""
    life.stack.configure(maxTxnOps=int(step.value))
    first = life.runs.begin()
    first.reached(1)
    second = Update(life.stack, name="second")
    life.runs.end(second)
    life.runs.end(first)


def other_checkout(life: Life, step: Step) -> None:
    """Run the same program from another folder."""
    life.stack.copy_program(life.folder / "other-checkout")
    life.stack.configure(maxTxnOps=int(step.value))
    life.runs.run()


def lose_all_but_one(life: Life, _step: Step) -> None:
    """Lose the data of all members but one, and recover. A cluster that is not healthy may have no such member."""
    if not life.wait_up(life.stack.names, SETTLED_SECONDS):
        life.log.note(
            "the data of most members is not lost: some are unhealthy, so one alone may not have everything"
        )
        return
    with life.may_take_all_down():
        one_survivor(life)


def destroy(life: Life, _step: Step) -> None:
    """Break off a destroy when it deletes the first droplet."""
    with life.may_take_all_down():
        run = life.runs.begin(operation="destroy")
        while not run.ended and not run.begun("delete", life.droplet_names()):
            time.sleep(0.05)
        if life.runs.disturbing() is run:
            run.kill()
        life.runs.end(run)


ACTIONS: Mapping[ActionKind, Callable[[Life, Step], None]] = {
    ActionKind.NOTHING: nothing,
    ActionKind.UP: up,
    ActionKind.SETTING: setting,
    ActionKind.FIREWALL: firewall,
    ActionKind.UPGRADE: upgrade,
    ActionKind.SIZE: resize,
    ActionKind.REPLACE: replace,
    ActionKind.RENEW: renew,
    ActionKind.DRIFT: drift,
    ActionKind.ROTATE: rotate,
    ActionKind.BACKUP: backup,
    ActionKind.RESTORE: restored,
    ActionKind.CLIENTS: clients,
    ActionKind.AUTH: auth,
    ActionKind.ALL_AT_ONCE: all_at_once,
    ActionKind.TWO_RUNS: two_runs,
    ActionKind.OTHER_CHECKOUT: other_checkout,
    ActionKind.SURVIVOR: lose_all_but_one,
    ActionKind.DESTROY: destroy,
}
"""What each kind of action does."""
