"""Which of the things that were seen may not be true any more, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.history.observation import CHANGING
from console.production.account import Account
from console.production.etcd import Etcd
from console.production.members import Doubts
from console.production.stack_facts import StackFacts
from console.view.run import Run

SILENT_SECONDS = 120.0
"""Seconds after a member became silent in which its droplet may have been replaced from elsewhere."""

REPLACED = "its droplet is being replaced"
UNCONFIRMED = "it does not answer, and its droplet was not listed since"
NO_ADDRESS = "its address is unknown"
UNRECORDED = "the last run replaced its droplet, and ended before its address was recorded"


class Replacements:
    """The Unix time at which a run was last seen to replace each member's droplet."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self.unrecorded: Mapping[str, str] = {}
        """Why the stack has an earlier address of a member: the last run replaced it, and did not end well."""

    def look(self, run: Run | None, now: float) -> None:
        """Note what a run does now. A droplet that is joining, or done, was created before."""
        if run is None or run.command == "preview":
            return
        told = {
            step.member for step in run.steps if step.droplet in {"deleting", "creating", "joining", "done"}
        }
        why = REPLACED if run.outcome == "running" else UNRECORDED
        self.unrecorded = {} if run.outcome == "succeeded" else dict.fromkeys(told, why)
        if run.outcome != "running":
            return
        for step in run.steps:
            over = step.droplet in {"joining", "done"} and step.member not in self._seen
            if step.droplet in {"deleting", "creating"} or over:
                self._seen[step.member] = now

    def last(self, member: str) -> float:
        """The time of a member's last one; 0 if none was seen."""
        return self._seen.get(member, 0.0)


def changes_droplets(run: Run | None) -> bool:
    """Whether a run creates or deletes droplets now, or may do so because its steps are unknown."""
    if run is None or run.outcome != "running" or run.command == "preview":
        return False
    return not run.steps or any(step.droplet in CHANGING for step in run.steps)


def lately_silent(etcd: Etcd, now: float) -> bool:
    """Whether a member does not answer since a short time."""
    return any(now - since < SILENT_SECONDS for since in etcd.silent_since.values())


def addresses_known_at(account: Account, facts: StackFacts) -> float:
    """The Unix time at which the members' addresses were true."""
    return max(account.listed_at.get("droplets", 0.0), facts.read_at)


def find_doubts(
    facts: StackFacts,
    account: Account,
    etcd: Etcd,
    replaced: Replacements,
    *,
    unasked: str,
    now: float,
) -> Doubts:
    """The doubts about all members. ``unasked`` is why no member is asked; empty if they are."""
    health: dict[str, str] = {}
    elected = etcd.elections.doubts(etcd.observations, now)
    for name in facts.names:
        if reason := unasked or elected.get(name, "") or _silence(name, facts, account, etcd, replaced):
            health[name] = reason
    return Doubts(health, bool(account.problem), facts.addresses, facts.settings.addresses)


def _silence(name: str, facts: StackFacts, account: Account, etcd: Etcd, replaced: Replacements) -> str:
    """Why it is no sign of bad health that a member does not answer. Empty if it is one, or if it answers."""
    since = etcd.silent_since.get(name)
    if since is None:
        return ""
    if account.droplets is None and name not in facts.addresses:
        return NO_ADDRESS
    last = replaced.last(name)
    listed_at = None if account.problem else account.listed_at.get("droplets")
    names = {str(droplet["name"]) for droplet in account.droplets or ()}
    if listed_at is not None and last <= listed_at and name not in names:
        # It was listed that there is none.
        return ""
    confirmed = account.confirms(max(since, last))
    if confirmed is None:
        # Without listings, its address is that of the last run.
        if name in replaced.unrecorded and account.droplets is None:
            return replaced.unrecorded[name]
        return REPLACED if last > addresses_known_at(account, facts) else ""
    if confirmed:
        return ""
    return REPLACED if last > since - SILENT_SECONDS else UNCONFIRMED


def comparable_records(
    records: Mapping[str, str | None],
    *,
    resolved_at: float,
    records_changed_at: float,
    account: Account,
    known: Mapping[str, Sequence[str | None]],
    running: bool,
) -> dict[str, str | None]:
    """The records that can be compared with the addresses that are ``known``. All others are unknown.

    A record that differs from an address of another time says nothing.
    """
    confirmed = account.confirms(records_changed_at)
    same_age = not running if confirmed is None else confirmed and account.changed_at <= resolved_at
    return {name: record for name, record in records.items() if same_age or record in known.get(name, ())}
