"""Every 15 seconds: keep the members' addresses current, and check that etcd runs with the data on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from etcd_node.digitalocean.api import ListingError
from etcd_node.digitalocean.sync_hosts import sync_hosts
from etcd_node.etcd.client import ClusterClient, NoQuorumError, local_members
from etcd_node.etcd.local_metrics import LocalMetrics, read_local_metrics
from etcd_node.etcd.membership import ListedMember, is_foreign, unconnected, was_removed
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, other_members
from etcd_node.etcd.wal import Contents, Disk, Identity, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.hosts_file import read_members
from etcd_node.host.journal import say, warn
from etcd_node.host.resize_filesystem import filesystem_errors, grow_filesystem
from etcd_node.host.settings import Paths, Settings
from etcd_node.host.volume import is_read_only, keep_reserve

HEALTHY_INTERVAL = 600.0
"""Seconds between two listings of the droplets while this member is connected to all others."""

EAGER_PERIOD = 600.0
"""Seconds after the start of a problem in which every run lists the droplets."""

PATIENT_INTERVAL = 60.0
"""Seconds between two listings after the eager period, and while the address of a connected member is not known."""

LEADERLESS_LIMIT = 30.0
"""Seconds without a leader since etcd's start after which an empty bootstrap log is checked again."""


@dataclass(frozen=True)
class RunState:
    """The state that one run keeps for the next. Times are Unix times; 0 means never."""

    listed_at: float = 0.0
    """The time of the last listing of the droplets."""
    problem_since: float = 0.0
    """The time since which there has been a problem without a break."""
    problem: str = ""
    """The problem that the last run logged."""
    pause: float = 0.0
    """Seconds after the last listing in which there is no other, since the API refused it."""


@dataclass(frozen=True)
class ClusterView:
    """The cluster as this machine's own etcd sees it."""

    metrics: LocalMetrics | None
    """``None`` when etcd does not answer."""
    members: tuple[ListedMember, ...]
    """The member list of this machine's own etcd, which may be old."""

    @property
    def unconnected(self) -> Sequence[str]:
        """Names of the members to which etcd has no connection."""
        if self.metrics is None:
            return []
        return unconnected(self.metrics.member, self.members, self.metrics.active)

    @property
    def problem(self) -> str:
        """The problem in a few words, or an empty string."""
        if self.metrics is None:
            return "etcd does not answer"
        if not self.metrics.has_leader:
            return "etcd has no leader"
        return f"no connection to {', '.join(self.unconnected)}" if self.unconnected else ""

    def without_address(self, known: Collection[str], own: str) -> Sequence[str]:
        """Names of the cluster's members that are not among the ``known`` ones, in the hosts file.

        A listing while a member was replaced had left it out. DNS tells its new address meanwhile, and may fail.
        """
        return [one.host for one in self.members if not is_foreign(own, one) and one.host not in known]


def listing_is_due(state: RunState, problem: str, now: float, *, complete: bool = True) -> bool:
    """Whether to list the droplets now: often while a member may have moved, and rarely otherwise.

    ``complete`` is false if the address of a member is not known.
    """
    if not problem:
        return now - state.listed_at >= (HEALTHY_INTERVAL if complete else PATIENT_INTERVAL)
    return now - state.problem_since < EAGER_PERIOD or now - state.listed_at >= PATIENT_INTERVAL


def needs_recheck(metrics: LocalMetrics | None, disk: Disk, now: float, removed: bool) -> bool:
    """Whether ``preparecluster`` must check the disk again, with etcd stopped.

    There are two reasons. A quorum says that this member was removed, or a bootstrap failed: etcd has run for a while
    with an empty bootstrap log and has never had a leader. Data alone is no reason.
    """
    if removed:
        return True
    return (
        disk.contents is Contents.EMPTY_BOOTSTRAP_LOG
        and metrics is not None
        and not metrics.has_leader
        and metrics.leaders_seen == 0
        and now - metrics.started >= LEADERLESS_LIMIT
    )


def reconcile(settings: Settings, paths: Paths, token: str) -> tuple[str, str] | None:
    """Check everything once. Returns the next action for systemd, a verb and a unit, or ``None``."""
    _look_after_volume(settings, paths)
    now = time.time()
    state = _load_state(paths, now)
    client = TlsClient(paths.etc)
    metrics = read_local_metrics(settings.metrics)
    view = ClusterView(metrics, _own_list(client, settings) if metrics is not None else ())
    problem = view.problem
    if problem != state.problem:
        (warn if problem else say)(problem or "all members are connected")
    state = replace(state, problem_since=(state.problem_since or now) if problem else 0.0, problem=problem)
    complete = not view.without_address(read_members(paths.hosts), settings.name)
    if now - state.listed_at >= state.pause and (
        paths.moved.exists() or listing_is_due(state, problem, now, complete=complete)
    ):
        state = replace(state, listed_at=now, pause=_update_addresses(settings, paths, token))
    _save_state(paths, state)
    return _next_action(settings, paths, client, metrics, now)


def _look_after_volume(settings: Settings, paths: Paths) -> None:
    if not settings.volume:
        return
    device = paths.device(settings.volume)
    try:
        replace_text(paths.errors, str(filesystem_errors(device)), mode=0o644)
        if is_read_only(paths.mount):
            return
        keep_reserve(paths)
        # Where it could not grow, it is not tried again: the next boot grows it before it is mounted.
        if not paths.outgrown.exists() and not grow_filesystem(device, mounted=True):
            paths.outgrown.touch()
    except OSError as error:
        warn(f"the data volume cannot be used: {error}")


def _update_addresses(settings: Settings, paths: Paths, token: str) -> float:
    """List the droplets and write their addresses. Returns the seconds until the next try is worth its while."""
    paths.moved.unlink(missing_ok=True)
    try:
        sync_hosts(settings, paths, token)
    except (ListingError, OSError) as error:
        warn(f"the members' addresses are not updated: {error}")
        if isinstance(error, ListingError):
            # As after two failures before: a round later, or 30 to 60 s later for a token that is refused.
            return error.delay(2)
    return 0.0


def _next_action(
    settings: Settings, paths: Paths, client: TlsClient, metrics: LocalMetrics | None, now: float
) -> tuple[str, str] | None:
    if metrics is not None and is_read_only(paths.mount):
        warn("the data volume is read-only: restarting etcd, which checks the file system first")
        return "restart", "etcd.service"
    if metrics is not None and metrics.learner:
        with suppress(OSError):
            paths.joining.touch()
        return "start", "etcd-promote.service"
    # A recheck that is requested already may have to wait, and must not be interrupted by another restart.
    if paths.recheck.exists() or (metrics is not None and metrics.has_leader):
        return None
    disk = read_disk(paths.data)
    if disk.identity is None:
        return None
    if not needs_recheck(metrics, disk, now, _was_removed(settings, paths, client, disk.identity)):
        return None
    warn(
        "this member was removed, or its bootstrap found no leader: restarting etcd, which checks its data first"
    )
    replace_text(paths.recheck, "", mode=0o600)
    return "restart", "etcd.service"


def _was_removed(settings: Settings, paths: Paths, client: TlsClient, identity: Identity) -> bool:
    try:
        confirmed = ClusterClient(client, other_members(settings, paths)).list_members()
    except NoQuorumError:
        return False
    return was_removed(identity.member, identity.cluster, confirmed)


def _own_list(client: TlsClient, settings: Settings) -> tuple[ListedMember, ...]:
    try:
        return local_members(client, MemberAddress(settings.name, settings.metrics.rsplit(":", 1)[0]))
    except NoAnswerError:
        return ()


def _load_state(paths: Paths, now: float) -> RunState:
    with suppress(OSError, ValueError, TypeError):
        state = RunState(**json.loads((paths.run / "reconcile.json").read_text()))
        # Not if the clock was set back.
        if max(state.listed_at, state.problem_since) <= now:
            return state
    # The first run: preparecluster has just listed the droplets.
    return RunState(listed_at=now)


def _save_state(paths: Paths, state: RunState) -> None:
    replace_text(paths.run / "reconcile.json", json.dumps(asdict(state)), mode=0o600)
