"""Rules that decide whether members without data may bootstrap a cluster.

A member without data starts a new cluster only on proof that no other member has data. A single overlooked disk can
lead to two clusters, or to a cluster that has lost acknowledged writes. So silence is no proof, and reports from
different moments are never combined. The rules are a list: a test removes each one in turn and shows what goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from etcd_node.etcd.wal import Contents


class PeerState(Enum):
    """The state of a peer, as this member observed it."""

    SILENT = "does not answer"
    BLANK = "has no data"
    REMAINS = "has data without a log"
    DECIDED = "has no data, and is about to start"
    RUNNING = "runs etcd"


@dataclass(frozen=True)
class PeerReport:
    """The result of one request to one peer."""

    state: PeerState
    instance: str = ""
    """A random number that identifies the run of the script that answered."""
    token: str = ""
    """The token of the cluster that the peer belongs to."""
    detail: str = ""
    """The reason for a missing answer or a missing snapshot, for people."""
    snapshot: str = ""
    """The backup that the peer has fetched and verified, and is ready to restore."""

    def __str__(self) -> str:
        """The state, and the reason."""
        return self.state.value + (f" ({self.detail})" if self.detail else "")


Round = Mapping[str, PeerReport]
"""One report for each member, this one included."""


@dataclass(frozen=True)
class Decision:
    """Bootstrap a cluster of exactly these runs of the script on exactly these members."""

    token: str
    instances: Mapping[str, str]
    snapshot: str = ""
    """The backup that every member restores. Empty: the cluster starts without data."""


@dataclass(frozen=True)
class Refusal:
    """The reason why the cluster is not bootstrapped now."""

    reason: str


@dataclass(frozen=True)
class BootstrapObservations:
    """Everything that the deciding member knows when it decides."""

    token: str
    initial_members: Sequence[str]
    """The names of the initial members."""
    later_members: Sequence[str] = field(default=())
    """The names of members that are in the listing, but are no initial members."""
    first: Round = field(default_factory=dict[str, PeerReport])
    second: Round = field(default_factory=dict[str, PeerReport])
    """A round that began after the first was complete."""
    restores: bool = False
    """Whether the bootstrap restores a backup."""
    snapshot: str = ""
    """The backup that the deciding member is ready to restore."""


Rule = Callable[[BootstrapObservations], str | None]
"""Returns why the cluster must not be bootstrapped, or ``None``."""


def everyone_answers(observed: BootstrapObservations) -> str | None:
    """Every initial member answers, and none has data without a log. Another one may have the only copy of the data."""
    doubtful = [
        f"{name} {report}"
        for name in observed.initial_members
        if (report := _report(observed.second, name)).state in {PeerState.SILENT, PeerState.REMAINS}
    ]
    return f"{_names(doubtful)}, so that data may be needed" if doubtful else None


def nobody_runs_etcd(observed: BootstrapObservations) -> str | None:
    """No initial member runs etcd. One that does may have data, and this member should join its cluster."""
    running = [
        name
        for name in observed.initial_members
        if _report(observed.second, name).state in {PeerState.RUNNING, PeerState.DECIDED}
    ]
    return f"etcd already runs on {_names(running)}" if running else None


def everyone_has_this_token(observed: BootstrapObservations) -> str | None:
    """Every initial member belongs to this cluster. A member of another cluster proves nothing about this one."""
    foreign = [
        name
        for name in observed.initial_members
        if (report := _report(observed.second, name)).state is PeerState.BLANK
        and report.token != observed.token
    ]
    return f"{_names(foreign)} {_have(foreign)} the token of another cluster" if foreign else None


def nobody_restarted_meanwhile(observed: BootstrapObservations) -> str | None:
    """The same runs answer in both rounds, so that all members were blank at one moment between the rounds."""
    changed = [
        name
        for name in observed.initial_members
        if (report := _report(observed.second, name)).state is PeerState.BLANK
        and report.instance != _report(observed.first, name).instance
    ]
    return f"{_names(changed)} started during the check" if changed else None


def later_members_have_no_data(observed: BootstrapObservations) -> str | None:
    """No later member has data. A cluster that has grown may have all of its data on later members."""
    reports = {name: _report(observed.second, name) for name in observed.later_members}
    doubtful = [
        name
        for name, report in reports.items()
        if report.state is not PeerState.BLANK or report.token != observed.token
    ]
    return f"{_names(doubtful)} joined later and may have data" if doubtful else None


def everyone_has_the_snapshot(observed: BootstrapObservations) -> str | None:
    """Every initial member has the whole snapshot to restore, before any of them starts."""
    if observed.restores and not observed.snapshot:
        return "the snapshot to restore is not chosen yet"
    reports = {name: _report(observed.second, name) for name in observed.initial_members}
    lacking = {name: report for name, report in reports.items() if report.snapshot != observed.snapshot}
    why = "; ".join(
        f"{name}: {report.detail or report.snapshot or 'not fetched yet'}"
        for name, report in sorted(lacking.items())
    )
    start = observed.snapshot or "an empty database"
    return f"{_names(list(lacking))} cannot start from {start} ({why})" if lacking else None


RULES: tuple[Rule, ...] = (
    everyone_answers,
    nobody_runs_etcd,
    everyone_has_this_token,
    nobody_restarted_meanwhile,
    later_members_have_no_data,
    everyone_has_the_snapshot,
)


def decide(observed: BootstrapObservations, rules: Sequence[Rule] = RULES) -> Decision | Refusal:
    """Return the first rule's refusal, or else a decision that names the runs of all initial members."""
    for rule in rules:
        if (reason := rule(observed)) is not None:
            return Refusal(reason)
    runs = {name: _report(observed.second, name).instance for name in observed.initial_members}
    return Decision(observed.token, runs, observed.snapshot)


def names_this_run(decision: Decision, name: str, instance: str) -> bool:
    """Whether a decision names this run of the script: it proves that the run had no data at that moment."""
    return decision.instances.get(name) == instance


def names_own_snapshot(decision: Decision, snapshot: str) -> bool:
    """Whether a decision names the snapshot that this member is ready to restore. Both may be empty."""
    return decision.snapshot == snapshot


def may_bootstrap(contents: Contents) -> bool:
    """Whether a member with this disk takes part in a bootstrap."""
    return contents is Contents.BLANK


def may_be_set_aside(contents: Contents) -> bool:
    """Whether a log may be set aside for a new bootstrap, when etcd finds no leader with it."""
    return contents is Contents.EMPTY_BOOTSTRAP_LOG


def deciding_member(initial_members: Sequence[str]) -> str:
    """Return the one member that decides, so that each bootstrap has a single author."""
    return min(initial_members)


def _report(reports: Round, name: str) -> PeerReport:
    return reports.get(name, PeerReport(PeerState.SILENT))


def _names(names: Sequence[str]) -> str:
    return " and ".join(sorted(names))


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
