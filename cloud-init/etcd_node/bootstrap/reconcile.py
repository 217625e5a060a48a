"""Every 15 seconds beside a running etcd: are the members where they are thought to be, and does etcd run?"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from etcd_node.digitalocean.api import ListingError
from etcd_node.digitalocean.sync_hosts import learn
from etcd_node.etcd.client import ClusterClient, NoQuorumError, local_members
from etcd_node.etcd.local_metrics import LocalMetrics, read_local_metrics
from etcd_node.etcd.membership import ListedMember, unconnected, was_removed
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.etcd.wal import Contents, Disk, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.hosts_file import members_in
from etcd_node.host.journal import say, warn
from etcd_node.host.resize_filesystem import grow
from etcd_node.host.settings import Paths, Settings

SLOW = 600.0
"""Seconds between listings while all members are connected: addresses are right, and nothing else depends on them."""

EAGER = 600.0
"""Seconds of a trouble for which the listing is asked at every look; then once in ``PATIENT`` seconds."""

PATIENT = 60.0

LEADERLESS = 30.0
"""Seconds without a leader after etcd's start, after which a founding has failed or a member was removed."""


@dataclass(frozen=True)
class Memory:
    """What one look leaves to the next, in Unix time; 0 is never."""

    listed: float = 0.0
    troubled: float = 0.0
    """Since when something has been wrong."""
    said: str = ""


@dataclass(frozen=True)
class Observation:
    """What a look has found."""

    health: LocalMetrics | None
    members: tuple[ListedMember, ...]
    """As this machine's own etcd lists them."""

    @property
    def lost(self) -> Sequence[str]:
        """Members without a connection."""
        return (
            [] if self.health is None else unconnected(self.health.member, self.members, self.health.active)
        )

    @property
    def trouble(self) -> str:
        """What is wrong, in a few words; empty when nothing is."""
        if self.health is None:
            return "etcd does not answer"
        if not self.health.has_leader:
            return "etcd has no leader"
        return f"no connection to {', '.join(self.lost)}" if self.lost else ""


def listing_is_due(memory: Memory, trouble: str, now: float) -> bool:
    """Whether to ask the DigitalOcean API: soon when somebody may have moved, rarely when nobody seems to have."""
    if not trouble:
        return now - memory.listed >= SLOW
    return now - memory.troubled < EAGER or now - memory.listed >= PATIENT


def needs_second_look(health: LocalMetrics | None, disk: Disk, now: float, absent: bool) -> bool:
    """Whether discovery must look at the disk again, with etcd stopped.

    Either a quorum has said that this member is no more, or a founding got stuck: etcd has run for a while with
    a log that holds nothing, and has never seen a leader. Data alone is never a reason.
    """
    if absent:
        return True
    return (
        disk.contents is Contents.EMPTY_BOOTSTRAP_LOG
        and health is not None
        and not health.has_leader
        and health.leaders_seen == 0
        and now - health.started >= LEADERLESS
    )


def reconcile(settings: Settings, places: Paths, token: str) -> tuple[str, str] | None:
    """One look; what systemd must do next, as a verb and a unit, if anything."""
    _use_whole_volume(settings, places)
    now = time.time()
    memory = _recall(places, now)
    client = TlsClient(places.etc)
    health = read_local_metrics(settings.metrics)
    sighting = Observation(health, _own_list(client, settings) if health is not None else ())
    trouble = sighting.trouble
    troubled = (memory.troubled or now) if trouble else 0.0
    memory = Memory(memory.listed, troubled, memory.said)
    if trouble != memory.said:
        (warn if trouble else say)(trouble or "all members are connected")
    listed = memory.listed
    if places.moved.exists() or listing_is_due(memory, trouble, now):
        listed = now
        places.moved.unlink(missing_ok=True)
        try:
            learn(settings, places, token)
        except ListingError as error:
            warn(f"the members' addresses stay as they are: {error}")
    _remember(places, Memory(listed, troubled, trouble))
    if health is not None and health.learner:
        places.joining.touch()
        return "start", "etcd-promote.service"
    # Discovery looks already, and may have to wait for what it then does.
    looking = places.recheck.exists()
    if (
        not looking
        and (health is None or not health.has_leader)
        and _look_at_disk(settings, places, client, health, now)
    ):
        warn("etcd cannot go on with this disk: discovery looks at it again")
        replace_text(places.recheck, "", mode=0o600)
        return "restart", "etcd.service"
    return None


def _use_whole_volume(settings: Settings, places: Paths) -> None:
    if not settings.volume or places.outgrown.exists():
        return
    try:
        whole = grow(places.device(settings.volume), mounted=True)
    except OSError as error:
        warn(f"the data volume cannot be read: {error}")
        return
    if not whole:
        # It is not tried again: the next boot has another way.
        places.outgrown.touch()


def _look_at_disk(
    settings: Settings, places: Paths, client: TlsClient, health: LocalMetrics | None, now: float
) -> bool:
    disk = read_disk(places.data)
    if disk.identity is None:
        return False
    known = members_in(places.hosts.read_text() if places.hosts.exists() else "")
    others = [MemberAddress(name, address) for name, address in known.items() if name != settings.name]
    try:
        absent = was_removed(
            disk.identity.member, disk.identity.cluster, ClusterClient(client, others).list_members()
        )
    except NoQuorumError:
        absent = False
    return needs_second_look(health, disk, now, absent)


def _own_list(client: TlsClient, settings: Settings) -> tuple[ListedMember, ...]:
    try:
        return local_members(client, MemberAddress(settings.name, settings.metrics.rsplit(":", 1)[0]))
    except NoAnswerError:
        return ()


def _recall(places: Paths, now: float) -> Memory:
    try:
        return Memory(**json.loads((places.run / "reconcile.json").read_text()))
    except (OSError, ValueError, TypeError):
        # Discovery has just listed them.
        return Memory(listed=now)


def _remember(places: Paths, memory: Memory) -> None:
    replace_text(places.run / "reconcile.json", json.dumps(asdict(memory)), mode=0o600)
