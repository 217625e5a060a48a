"""Carries one schedule out on a local cloud, and keeps everything about it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from campaign.history.problem import Problem
from campaign.machines.actions import ACTIONS
from campaign.machines.bugs import NO_BUG, Bug
from campaign.machines.clouds import renew
from campaign.machines.event_log import EventLog
from campaign.machines.fault_runner import faults
from campaign.machines.life import BROKEN, Life
from campaign.machines.repair import repair
from campaign.machines.verdict import Verdict, verdict
from campaign.schedule.documents import Schedule
from localcloud.cloud import LocalCloud
from localcloud.machines.machine import known_machines

SCHEDULE = "schedule.json"
EVENTS = "events.txt"
VERDICT = "verdict.txt"

TOLD = 4000
"""Characters of a verdict in the log. All of it is in its own file."""


def carry_out(
    cloud: LocalCloud,
    schedule: Schedule,
    folder: Path,
    say: Callable[[str], None],
    bug: Bug = NO_BUG,
) -> Verdict:
    """Let a cluster live through a schedule, and judge it. A ``bug`` is put in.

    The local cloud has no stack before, and none after a schedule without a problem. After one with a problem it is
    reset. The new ``folder`` gets the schedule, the log of its events and the history. After a problem it also has the
    journals of the members.
    """
    folder.mkdir(parents=True)
    (folder / SCHEDULE).write_text(schedule.model_dump_json(indent=1) + "\n", encoding="utf-8")
    log = EventLog(folder / EVENTS, say)
    log.note(schedule.told())
    try:
        found = _live(cloud, schedule, folder, log, bug)
    except BROKEN as error:
        found = Verdict((Problem("schedule", f"it could not be carried out: {error}"),), linearizable=False)
    log.note(found.told().rstrip()[-TOLD:])
    (folder / VERDICT).write_text(found.told(), encoding="utf-8")
    if found.failed:
        _keep_journals(cloud, folder / "journals")
        renew(cloud)
    log.close()
    return found


def _live(cloud: LocalCloud, schedule: Schedule, folder: Path, log: EventLog, bug: Bug) -> Verdict:
    with Life(cloud, folder, schedule, log, bug.program(folder)) as life:
        life.clients.start()
        for number, step in enumerate(schedule.steps, 1):
            log.note(f"step {number}: {step}")
            with faults(life, step.faults):
                time.sleep(step.after)
                ACTIONS[step.action](life, step)
            life.save_files()
        log.note("the faults have ended")
        found = verdict(life, repaired=repair(life), falsify=bug.falsify)
        return found if found.failed else replace(found, problems=tuple(_destroy(life)))


def _destroy(life: Life) -> list[Problem]:
    """Destroy all stacks. Anything that is left of them is a problem."""
    for stack in (*life.others, life.stack):
        stack.destroy()
    left: list[dict[str, Any]] = [
        *life.stack.digitalocean("GET", "/v2/droplets?per_page=200")["droplets"],
        *life.stack.digitalocean("GET", "/v2/volumes?per_page=200")["volumes"],
    ]
    return [Problem("destroy", f"pulumi destroy left {one['name']}") for one in left]


def _keep_journals(cloud: LocalCloud, folder: Path) -> None:
    """Copy what the machines have logged, also those that are off."""
    folder.mkdir()
    for machine in known_machines(cloud.layout):
        try:
            name = machine.facts().name
            journal = cloud.logs(
                str(machine.id), "--no-pager", "-o", "short-precise", capture_output=True, text=True
            )
        except BROKEN:
            continue
        (folder / f"{name}-{machine.id}.txt").write_text(journal.stdout, encoding="utf-8")


def remove(folder: Path) -> None:
    """Remove the folder of a schedule without a problem."""
    shutil.rmtree(folder, ignore_errors=True)
