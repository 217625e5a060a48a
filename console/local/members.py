"""Says of each member what is known, without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.etcd.health import problems
from components.etcd.member_status import Cause, MemberStatus, NoStatus, Observation
from components.shared.names import member_number
from console.local.answers import Answer, leads
from console.local.cloud_state import CloudState
from console.local.machine_facts import MachineFacts
from console.view.members import Member, Power, Role, ShutdownBlock

NO_DROPLET = NoStatus("it has no droplet", Cause.NO_DROPLET)
OFF = NoStatus("its droplet is off", Cause.SILENT)
NEW = NoStatus("its droplet is being created", Cause.NO_DROPLET)
UNKNOWN = NoStatus("it was not asked yet", Cause.SILENT)


@dataclass(frozen=True)
class Inside:
    """What a machine that is on tells."""

    facts: MachineFacts
    has_data: bool | None = None
    """``None`` while etcd answers: then nobody looks."""
    words: str = ""
    """Its journal's last line about etcd, while etcd does not serve."""


@dataclass(frozen=True)
class Known:
    """All that is known at one moment."""

    state: CloudState
    tag: str
    """The cluster's tag."""
    answers: Mapping[str, Answer]
    """Of members whose droplets are on."""
    inside: Mapping[str, Inside]
    """Of the same members."""
    records: Mapping[str, Sequence[str]] | None
    """What the name server answers; ``None`` while it answers nothing."""
    elected: Mapping[str, str] = field(default_factory=dict[str, str])
    """Members that name another leader than others do, for a short time, with what that means."""


def shown_members(names: Sequence[str], known: Known) -> list[Member]:
    """All members, in the order of ``names``."""
    droplets = known.state.members(known.tag)
    observations = {
        name: _observation(known.state, droplets.get(name), known.answers.get(name)) for name in names
    }
    found = problems([name for name in names if observations[name] is not UNKNOWN], observations)
    return [
        _member(
            name,
            known,
            droplets.get(name),
            observations[name],
            found,
        )
        for name in names
    ]


def _observation(state: CloudState, droplet: Mapping[str, Any] | None, answer: Answer | None) -> Observation:
    power = _power(state, droplet)
    if power in {"absent", "off", "new"}:
        return {"absent": NO_DROPLET, "off": OFF}.get(power, NEW)
    return UNKNOWN if answer is None else answer.observation


def _member(
    name: str,
    known: Known,
    droplet: Mapping[str, Any] | None,
    observation: Observation,
    unhealthy: Mapping[str, str],
) -> Member:
    status = observation if isinstance(observation, MemberStatus) else None
    answer, inside = known.answers.get(name, Answer(observation)), known.inside.get(name)
    power = _power(known.state, droplet)
    doubt = known.elected.get(name, "") if name in unhealthy else ""
    role = _role(power, status, inside)
    facts = inside.facts if inside else None
    return Member(
        name=name,
        number=member_number(name),
        droplet_id=droplet["id"] if droplet else None,
        power=power,
        public_address=_address(droplet, "public"),
        private_address=_address(droplet, "private"),
        record=None if known.records is None else next(iter(known.records.get(name, ())), ""),
        role=role,
        waiting_for=inside.words if inside and role in {"waiting", "blank", "stopped"} else "",
        healthy=None if observation is UNKNOWN or doubt else name not in unhealthy,
        problem=doubt or unhealthy.get(name, ""),
        version=(status.version or None) if status else None,
        database_bytes=answer.database_bytes if status else None,
        quota_bytes=(answer.quota_bytes if status else None) or (facts.quota_bytes if facts else None),
        certificates=list(facts.certificates) if facts else None,
        shutdown=_shutdown(power, facts, others_healthy=not unhealthy.keys() - {name}),
        cut_off=droplet["id"] in known.state.cut_off if droplet else False,
    )


def _power(state: CloudState, droplet: Mapping[str, Any] | None) -> Power:
    if droplet is None:
        return "absent"
    if droplet["status"] == "new":
        return "new"
    if droplet["status"] != "active":
        return "off"
    return "paused" if droplet["id"] in state.paused else "active"


def _role(power: Power, status: MemberStatus | None, inside: Inside | None) -> Role | None:
    if status is not None and status.member_id:
        return "leader" if leads(status) else "learner" if status.learner else "follower"
    if power in {"absent", "off", "new"}:
        return "stopped"
    if power == "paused" or inside is None or inside.facts.etcd:
        # It may run, and only not answer.
        return None
    if inside.facts.preparing:
        return "waiting"
    return "blank" if inside.has_data is False else "stopped"


def _shutdown(power: Power, facts: MachineFacts | None, *, others_healthy: bool) -> ShutdownBlock | None:
    if power in {"absent", "off", "new", "paused"} or facts is None:
        # What a machine said before it was paused need not be true any more.
        return None
    if facts.blocks:
        return ShutdownBlock(blocked=True, reason=facts.blocks)
    if not facts.guarded:
        return ShutdownBlock(blocked=False, reason="its guard does not run")
    reason = "all other members are healthy" if others_healthy else "its guard does not block it"
    return ShutdownBlock(blocked=False, reason=reason)


def _address(droplet: Mapping[str, Any] | None, kind: str) -> str | None:
    if droplet is None:
        return None
    return next((one["ip_address"] for one in droplet["networks"]["v4"] if one["type"] == kind), "")
