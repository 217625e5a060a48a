"""What is known of each member, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from components.etcd.health import problems, unreachable
from components.etcd.member_status import MemberStatus, NoStatus
from components.shared.droplets import ipv4_address
from components.shared.names import member_number
from console.listings.items import Items
from console.production.account import NOT_ASKED
from console.production.etcd import Etcd, Metrics, hides_state
from console.view.members import Certificate, Member, Power, Role

PURPOSES: Mapping[str, Literal["server", "peer", "ca"]] = {"server": "server", "peer": "peer", "ca": "ca"}
"""The certificates that are shown, by the names that a member's machine has for them."""
NONE_ANSWERS = "no packet came back from any member"
POWERS: Mapping[str, Power] = {"active": "active", "off": "off", "new": "new", "archive": "off"}


@dataclass(frozen=True)
class Doubts:
    """What of it may not be true any more."""

    health: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why the health of a member is unknown, unless it answers that it is healthy."""
    powers: bool = False
    """Whether the droplets may have changed since they were listed."""
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])
    """The members' addresses, as the last run left them."""
    kind: Literal["public", "private"] = "public"
    """The kind of these addresses."""

    def recorded(self, kind: str, name: str, droplets: Items | None) -> str | None:
        """The address that the last run left; ``None`` if there is none of this kind, or a listing that is newer."""
        return self.addresses.get(name) if droplets is None and kind == self.kind else None


NO_DOUBTS = Doubts()


def describe_members(
    names: list[str],
    droplets: Items | None,
    etcd: Etcd,
    records: Mapping[str, str | None],
    doubts: Doubts = NO_DOUBTS,
) -> list[Member]:
    """All members, in the order of ``names``. ``droplets`` is ``None`` while they were never listed."""
    found = _by_name(droplets or ())
    asked = {name: etcd.observations[name] for name in names if name in etcd.observations}
    # Where nothing comes back from any member, the fault may be between them and this machine.
    silent = unreachable(asked)
    wrong = problems(list(asked), asked) if asked else {}
    members: list[Member] = []
    for name in names:
        droplet = found.get(name)
        healthy, problem = _health(name, etcd, wrong)
        if silent:
            healthy, problem = None, NONE_ANSWERS
        if healthy is not True and (doubt := doubts.health.get(name)):
            healthy, problem = None, doubt
        observation = asked.get(name)
        metrics = etcd.metrics.get(name)
        report = etcd.reports.get(name)
        members.append(
            Member(
                name=name,
                number=member_number(name),
                droplet_id=None if droplet is None else int(droplet["id"]),
                power=None if droplets is None or doubts.powers else _power(droplet),
                public_address=_address(droplet, "public") or doubts.recorded("public", name, droplets),
                private_address=_address(droplet, "private") or doubts.recorded("private", name, droplets),
                record=records.get(name),
                role=_role(name, etcd),
                waiting_for=report.waiting or str(report) if report is not None else None,
                healthy=healthy,
                problem=problem,
                version=_version(observation, metrics),
                database_bytes=metrics.whole("etcd_mvcc_db_total_size_in_bytes") if metrics else None,
                quota_bytes=metrics.whole("etcd_server_quota_backend_bytes") if metrics else None,
                certificates=_certificates(etcd.certificates.get(name)),
                # Only the machine itself and its cloud know these.
                shutdown=None,
                cut_off=None,
            )
        )
    return members


def addresses_of(
    recorded: Mapping[str, str], droplets: Items | None, kind: Literal["public", "private"]
) -> dict[str, str]:
    """Where members are asked: at the listed address, or at that of the last run while nothing is listed."""
    if droplets is None:
        return dict(recorded)
    listed = {name: ipv4_address(droplet, kind) for name, droplet in _by_name(droplets).items()}
    return {name: address for name, address in listed.items() if address}


def _by_name(droplets: Items) -> dict[str, Mapping[str, Any]]:
    """The droplets by name. Of two with one name, the newer counts, which has the higher id."""
    return {str(one["name"]): one for one in sorted(droplets, key=lambda one: int(one["id"]))}


def _power(droplet: Mapping[str, Any] | None) -> Power | None:
    return "absent" if droplet is None else POWERS.get(str(droplet.get("status")))


def _address(droplet: Mapping[str, Any] | None, kind: str) -> str | None:
    return None if droplet is None else ipv4_address(droplet, kind)


def _health(name: str, etcd: Etcd, wrong: Mapping[str, str]) -> tuple[bool | None, str]:
    observation = etcd.observations.get(name)
    if observation is None:
        return None, NOT_ASKED
    if not hides_state(observation):
        return name not in wrong, wrong.get(name, "")
    metrics = etcd.metrics.get(name)
    if metrics is None:
        return None, "etcd's authentication is on, and its metrics were not read"
    if not metrics.values.get("etcd_server_has_leader"):
        return False, "it has no leader"
    learner = bool(metrics.values.get("etcd_server_is_learner"))
    return not learner, "it is a learner" if learner else ""


def _role(name: str, etcd: Etcd) -> Role | None:
    observation = etcd.observations.get(name)
    if isinstance(observation, NoStatus) or observation is None:
        report = etcd.reports.get(name)
        if report is None:
            return None
        if report.etcd == "active":
            return None
        return "waiting" if report.prepare == "activating" else "stopped"
    if hides_state(observation):
        if (metrics := etcd.metrics.get(name)) is None:
            return None
        values = metrics.values
        if values.get("etcd_server_is_learner"):
            return "learner"
        return "leader" if values.get("etcd_server_is_leader") else "follower"
    if observation.learner:
        return "learner"
    return "leader" if observation.leader == observation.member_id else "follower"


def _version(observation: object, metrics: Metrics | None) -> str | None:
    if isinstance(observation, MemberStatus) and observation.version:
        return observation.version
    return (metrics.version or None) if metrics else None


def _certificates(ends: Mapping[str, float] | None) -> list[Certificate] | None:
    if ends is None:
        return None
    return [
        Certificate(purpose=purpose, ends=ends[name]) for name, purpose in PURPOSES.items() if name in ends
    ]
