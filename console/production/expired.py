"""What to do when certificates have ended: those of the members, or the one with which the console asks them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from components.etcd.member_status import EXPIRED, NoStatus
from components.rollout.messages import renewed
from console.production.etcd import Etcd
from console.production.stack_facts import StackFacts


def own_certificate_ended(facts: StackFacts, now: float) -> bool:
    """Whether members would refuse the console's certificate."""
    return facts.texts is not None and facts.texts.valid_until.timestamp() < now


def expiry_advice(facts: StackFacts, etcd: Etcd, now: float) -> str:
    """What has ended, and what to do, as the program says it. Empty if members are asked and can answer."""
    own = own_certificate_ended(facts, now)
    refused = bool(etcd.observations) and all(
        isinstance(one, NoStatus) and EXPIRED in one.reason for one in etcd.observations.values()
    )
    if not own and not refused:
        return ""
    lines: list[str] = []
    if own and facts.texts is not None:
        lines.append(
            f"The certificate of this console ended at {facts.texts.valid_until:%Y-%m-%d %H:%M} UTC, so members are "
            "not asked."
        )
    end = _end_of_members(etcd.certificates, facts.certificates_end)
    if refused or (end is not None and end < now):
        ended = "have ended" if refused or end is None else f"ended at {_text(end)}"
        lines.append(
            f"The members' certificates {ended}. Members reject each other's expired certificates, so a replaced "
            f"member cannot join those that are not replaced. {renewed(facts.settings)}"
        )
    elif end is None:
        lines.append("When the members' certificates end is unknown. pulumi up says what to do.")
    else:
        lines.append(f"Those of the members end at {_text(end)}. pulumi up issues a new one.")
    return "\n".join(lines)


def _end_of_members(read: Mapping[str, Mapping[str, float]], recorded: float | None) -> float | None:
    """The first end of the members' own certificates: as it was read from them, else as the last run left it."""
    ends = [
        end for of_member in read.values() for name, end in of_member.items() if name in {"server", "peer"}
    ]
    return min(ends, default=recorded)


def _text(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
