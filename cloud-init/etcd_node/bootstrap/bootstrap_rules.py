"""Whether a cluster may be founded: the rules, as functions of what was seen.

A member without data starts a new cluster only on proof that no other member has any. One forgotten disk is
enough for two clusters, or for one that has lost acknowledged writes: so silence proves nothing, and reports
of different moments are never put together. The rules are a list, so that a test can show for each one of
them what happens without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from etcd_node.etcd.wal import Contents


class Kind(Enum):
    """What a peer was seen to be."""

    SILENT = "does not answer"
    BLANK = "has no data"
    DECIDED = "has no data, and is about to start"
    RUNNING = "runs etcd"


@dataclass(frozen=True)
class Report:
    """What one look at a peer showed."""

    kind: Kind
    instance: str = ""
    """The run of the discovery script that answered: a random number of its own."""
    token: str = ""
    """The cluster that the peer was told to belong to."""
    detail: str = ""
    """Why there was no answer, or no snapshot, for people."""
    snapshot: str = ""
    """The backup that the peer has fetched, verified and is ready to restore."""


Round = Mapping[str, Report]
"""One look at every peer, the member itself included."""


@dataclass(frozen=True)
class Decision:
    """Found a cluster of exactly these runs of the script on exactly these members."""

    token: str
    instances: Mapping[str, str]
    snapshot: str = ""
    """The backup that each of them restores; empty begins without data."""


@dataclass(frozen=True)
class Refusal:
    """Why there is no founding now."""

    reason: str


@dataclass(frozen=True)
class BootstrapObservations:
    """All that the deciding member has seen when it decides."""

    token: str
    founding: Sequence[str]
    """The founding members' names."""
    others: Sequence[str] = field(default=())
    """Members that joined later: known from the listing, but not founding members."""
    first: Round = field(default_factory=dict[str, Report])
    second: Round = field(default_factory=dict[str, Report])
    """Begun after the first was complete."""
    restores: bool = False
    """Whether the founding begins with a backup."""
    snapshot: str = ""
    """The backup that the deciding member is ready to restore."""


Rule = Callable[[BootstrapObservations], str | None]
"""``None``, or why there must be no founding."""


def everyone_answers(sight: BootstrapObservations) -> str | None:
    """Silence is no proof: a member that cannot be reached may hold all the data there is."""
    silent = [name for name in sight.founding if _report(sight.second, name).kind is Kind.SILENT]
    return f"no proof that {_names(silent)} {_have(silent)} no data: no answer" if silent else None


def nobody_runs_etcd(sight: BootstrapObservations) -> str | None:
    """A member whose etcd runs may have data, and a cluster that this one should join."""
    running = [
        name for name in sight.founding if _report(sight.second, name).kind in {Kind.RUNNING, Kind.DECIDED}
    ]
    return f"{_names(running)} {'runs' if len(running) == 1 else 'run'} etcd already" if running else None


def everyone_has_this_token(sight: BootstrapObservations) -> str | None:
    """A member of another cluster knows nothing of this one's data."""
    foreign = [
        name
        for name in sight.founding
        if (report := _report(sight.second, name)).kind is Kind.BLANK and report.token != sight.token
    ]
    return f"{_names(foreign)} {_have(foreign)} another cluster's token" if foreign else None


def nobody_restarted_meanwhile(sight: BootstrapObservations) -> str | None:
    """Reports of one round are of different moments. The same runs in two rounds were all blank in between."""
    changed = [
        name
        for name in sight.founding
        if (report := _report(sight.second, name)).kind is Kind.BLANK
        and report.instance != _report(sight.first, name).instance
    ]
    return f"{_names(changed)} answered for the first time just now" if changed else None


def later_members_have_no_data(sight: BootstrapObservations) -> str | None:
    """A cluster that has grown is older than this boot: its later members may hold its data alone."""
    reports = {name: _report(sight.second, name) for name in sight.others}
    doubtful = [
        name for name, seen in reports.items() if seen.kind is not Kind.BLANK or seen.token != sight.token
    ]
    return (
        f"no proof that {_names(doubtful)}, which joined later, {_have(doubtful)} no data"
        if doubtful
        else None
    )


def everyone_has_the_snapshot(sight: BootstrapObservations) -> str | None:
    """A founding from a backup needs the same one on every member, whole, before any of them starts."""
    if sight.restores and not sight.snapshot:
        return "the snapshot to restore is not chosen yet"
    reports = {name: _report(sight.second, name) for name in sight.founding}
    lacking = {name: report for name, report in reports.items() if report.snapshot != sight.snapshot}
    why = "; ".join(
        f"{name}: {report.detail or 'not fetched yet'}" for name, report in sorted(lacking.items())
    )
    return (
        f"{_names(list(lacking))} cannot restore {sight.snapshot or 'nothing'} ({why})" if lacking else None
    )


RULES: tuple[Rule, ...] = (
    everyone_answers,
    nobody_runs_etcd,
    everyone_has_this_token,
    nobody_restarted_meanwhile,
    later_members_have_no_data,
    everyone_has_the_snapshot,
)


def decide(sight: BootstrapObservations, rules: Sequence[Rule] = RULES) -> Decision | Refusal:
    """The first rule that objects decides; when none does, the founding members' runs are named."""
    for rule in rules:
        if (reason := rule(sight)) is not None:
            return Refusal(reason)
    runs = {name: _report(sight.second, name).instance for name in sight.founding}
    return Decision(sight.token, runs, sight.snapshot)


def names_this_run(decision: Decision, name: str, instance: str) -> bool:
    """Whether a decision, however old, is about this very run: one that had no data when it was made."""
    return decision.instances.get(name) == instance


def names_own_snapshot(decision: Decision, snapshot: str) -> bool:
    """Whether a decision names the very backup that this member is ready to restore, or none where it has none."""
    return decision.snapshot == snapshot


def may_bootstrap(contents: Contents) -> bool:
    """Whether a disk may take part in a founding. Any log starts as it is, and needs nobody."""
    return contents is Contents.BLANK


def may_be_set_aside(contents: Contents) -> bool:
    """Whether a log that finds no leader may be given up for a new founding: only one without a client's write."""
    return contents is Contents.EMPTY_BOOTSTRAP_LOG


def decider(founding: Sequence[str]) -> str:
    """The one member that decides, so that a founding has one author."""
    return min(founding)


def _report(reports: Round, name: str) -> Report:
    return reports.get(name, Report(Kind.SILENT))


def _names(names: Sequence[str]) -> str:
    return " and ".join(sorted(names))


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
