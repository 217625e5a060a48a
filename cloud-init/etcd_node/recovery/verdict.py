"""What to do next, by what a survey of the members shows. A sentence that speaks of a command ends with it."""

from __future__ import annotations

from etcd_node.etcd.client import UNMANAGED
from etcd_node.etcd.wal import Contents
from etcd_node.recovery.survey import MemberObservation, MemberState, Survey

PROGRAM = "python3 -ES /etc/etcd/prepare_cluster.py"
LOG = "on it: journalctl -u etcd -n 50"
STEPS = {
    MemberState.REFUSES: f"may run in a quorum. See why, {LOG}",
    MemberState.SILENT: "may run in a quorum that this member cannot see. Look at its console, or power it off",
    MemberState.OFF: "is off. Power it on: pulumi up",
    MemberState.NO_DROPLET: "may have a volume with data. Make its droplet again: pulumi up",
    MemberState.HAS_LEADER: f"has data. See which members it misses, {LOG}",
    MemberState.NO_LEADER: f"has data. See which members it misses, {LOG}",
    MemberState.STOPPED: "may have data. Start etcd, on it: systemctl start etcd",
}
"""What to do about a member in each state that may keep data, or be part of a quorum."""
REPAIR = f"may have data. Repair what it says (docs/recovery.md), {LOG}"
"""What to do about a member whose etcd does not run for a reason that it tells."""


def step(one: MemberObservation) -> str:
    """Return what to do about a member, by what was seen. systemd says ``success`` of an etcd that was stopped."""
    told = one.state is MemberState.STOPPED and one.detail not in {"", "success"}
    return f"{one.name} {REPAIR if told else STEPS[one.state]}"


def verdict(survey: Survey, own: Contents) -> list[str]:
    """Return whole sentences. None discards data that may be left on another member."""
    if survey.quorum:
        if any(UNMANAGED in text for text in (survey.refusal, *(one.detail for one in survey.others))):
            return [f"{survey.quorum_text}, but {UNMANAGED}"]
        return [
            f"{survey.quorum_text}. It continues by itself, and members without data rejoin it. A member with data "
            "whose etcd does not run: docs/recovery.md. On your own machine: etcdctl member list -w table"
        ]
    steps = [step(one) for one in survey.others if one.state in STEPS]
    if steps:
        return ["No quorum answers.", *steps, f"Then look again: {PROGRAM} recover check"]
    if own is Contents.DATA:
        return [
            "This member has the only data. Save a copy first (docs/recovery.md, One survivor). Then, on this member: "
            f"{PROGRAM} recover alone"
        ]
    return [
        f"This member has {own.value}, and no other one has data. With a backup (docs/recovery.md, Nothing left): "
        f"{PROGRAM} recover from-backup NAME"
    ]
