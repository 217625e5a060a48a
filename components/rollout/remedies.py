"""What helps an unhealthy member: a table from what was seen to a remedy. Nothing here asks or changes anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from ..config.naming import in_callers_words, key_of, names
from ..etcd.member_status import (
    AUTHENTICATION,
    DISTRUSTED,
    DISTRUSTS,
    EXPIRED,
    NOT_YET_VALID,
    REJECTS_DATES,
    Cause,
    MemberStatus,
    Observation,
)
from ..etcd.node_report import NodeReport
from ..shared.health import LEARNER

FLAGS_REFUSED = ("failed to verify flags", "unexpected TLS cipher suite")
"""etcd's words when it ends because of a flag's value."""


RELEASE_REFUSED = ("wrong checksum", "is no .tar.gz", ".tar.gz has no ")
"""A member's words for a release of etcd that it cannot install."""

NO_SPACE_LEFT = "No space left on device"
"""The system's words for a full disk. A member that waits with them needs its root disk."""


class Situation(Enum):
    """What is wrong with one member, as far as it was seen. The first one that applies counts."""

    UNLISTED = auto()
    UNTAGGED = auto()
    LEAVING = auto()
    NO_DROPLET = auto()
    OWN_CLOCK = auto()
    AUTHENTICATION_UNSET = auto()
    AUTHENTICATION_OFF = auto()
    AUTHENTICATION_ON = auto()
    NO_SPACE = auto()
    CORRUPT = auto()
    LEARNER = auto()
    ANSWERS = auto()
    UNREACHED = auto()
    DAMAGED_FILESYSTEM = auto()
    VOLUME_MISSING = auto()
    NOT_MOUNTED = auto()
    READ_ONLY = auto()
    DISK_FULL = auto()
    ROOT_DISK_FULL = auto()
    CLOCK = auto()
    RESTORE = auto()
    NO_QUORUM_TO_JOIN = auto()
    RELEASE = auto()
    WAITING = auto()
    DAMAGED = auto()
    FLAGS = auto()
    KILLED = auto()
    ENDS = auto()
    STOPPED = auto()
    NO_LEADER = auto()
    HANGS = auto()
    CERTIFICATE = auto()
    NOT_VALID = auto()
    UNRESPONSIVE = auto()
    SILENT = auto()
    REFUSED = auto()
    STRANGE = auto()


@dataclass(frozen=True)
class Seen:
    """What was seen of one unhealthy member."""

    observation: Observation
    problem: str
    """Its problem, as the observations of all members show it."""
    report: NodeReport | None = None
    """What its machine says about itself, if it answered."""
    heard: bool = False
    """Whether another member, which answered, receives messages from it."""
    leaving: bool = False
    """Whether it is not configured any more."""
    own_clock: str = ""
    """By how much the clock of this machine differs from that of DigitalOcean's API; empty if it does not."""
    auth: bool | None = None
    """The setting ``etcd:auth``."""


def situation(seen: Seen) -> Situation:
    """The situation of a member. What its machine says counts more than how its etcd failed to answer."""
    observation, report = seen.observation, seen.report
    if isinstance(observation, MemberStatus):
        if seen.problem == AUTHENTICATION:
            return AUTHENTICATED[seen.auth]
        return _of_answer(seen.problem, report)
    if observation.cause in NOT_ASKED:
        leaving = seen.leaving and observation.cause is Cause.NO_DROPLET
        return Situation.LEAVING if leaving else NOT_ASKED[observation.cause]
    if seen.own_clock and any(text in observation.reason for text in DATES):
        return Situation.OWN_CLOCK
    if seen.heard and _only_out_of_reach(observation.cause, report):
        return Situation.UNREACHED
    if report is not None:
        return _of_report(report)
    if observation.cause is Cause.CERTIFICATE:
        known = any(text in observation.reason for text in (EXPIRED, DISTRUSTS, DISTRUSTED))
        return Situation.CERTIFICATE if known else Situation.NOT_VALID
    return {
        Cause.UNRESPONSIVE: Situation.UNRESPONSIVE,
        Cause.SILENT: Situation.SILENT,
        Cause.REFUSED: Situation.REFUSED,
    }.get(observation.cause, Situation.STRANGE)


def _only_out_of_reach(cause: Cause, report: NodeReport | None) -> bool:
    """Whether something between this machine and a member, from which others hear, keeps it from answering."""
    if report is None:
        return cause in {Cause.SILENT, Cause.REFUSED, Cause.UNRESPONSIVE, Cause.STRANGE}
    # Its machine answered at another port. If etcd accepts connections and gives no answer, etcd is the trouble.
    return report.etcd == "active" and cause in {Cause.SILENT, Cause.REFUSED}


def _of_answer(problem: str, report: NodeReport | None) -> Situation:
    if "CORRUPT" in problem:
        return Situation.CORRUPT
    if report is not None and (report.read_only or report.full):
        if report.read_only:
            return Situation.READ_ONLY
        return Situation.DISK_FULL if report.volume else Situation.ROOT_DISK_FULL
    if "NOSPACE" in problem:
        return Situation.NO_SPACE
    return Situation.LEARNER if problem == LEARNER else Situation.ANSWERS


def _of_report(report: NodeReport) -> Situation:
    rows = {
        Situation.DAMAGED_FILESYSTEM: "e2fsck -p cannot repair" in report.waiting,
        Situation.VOLUME_MISSING: _unmounted(report) and "does not exist" in report.waiting,
        Situation.NOT_MOUNTED: _unmounted(report),
        Situation.READ_ONLY: report.read_only,
        Situation.DISK_FULL: report.full and bool(report.volume),
        Situation.ROOT_DISK_FULL: report.full or NO_SPACE_LEFT in report.waiting,
        Situation.CLOCK: report.clock_wrong,
        Situation.RESTORE: "etcd:restoreFrom" in report.waiting,
        Situation.NO_QUORUM_TO_JOIN: "no quorum to join" in report.waiting,
        Situation.RELEASE: "cannot install" in report.waiting
        and any(words in report.waiting for words in RELEASE_REFUSED),
        Situation.WAITING: bool(report.waiting) and not _starts_again(report),
        Situation.DAMAGED: bool(report.damage),
        Situation.FLAGS: any(words in report.last_words for words in FLAGS_REFUSED),
        Situation.KILLED: report.result not in {"", "success", "exit-code"},
        Situation.ENDS: report.etcd != "active" and _has_ended(report),
        Situation.STOPPED: report.etcd != "active",
        Situation.NO_LEADER: report.waits_for_quorum,
    }
    return next((one for one, applies in rows.items() if applies), Situation.HANGS)


def _starts_again(report: NodeReport) -> bool:
    """Whether etcd is about to start with the disk's data after it has ended, so that the reason of that end counts."""
    return "starting etcd with it" in report.waiting and _has_ended(report)


def _has_ended(report: NodeReport) -> bool:
    return bool(report.last_words) or report.exits > 0


def _unmounted(report: NodeReport) -> bool:
    return bool(report.volume) and not report.mounted


@dataclass(frozen=True)
class Remedy:
    """What to do in one situation."""

    text: str
    """Whole sentences."""
    replace: bool = False
    """Whether a new droplet helps. It is named only for a member that alone is unhealthy."""


_LATER = "Run pulumi up again"

REMEDIES: dict[Situation, Remedy] = {
    Situation.UNLISTED: Remedy(f"Nothing is known of its droplet. {_LATER} when DigitalOcean's API answers."),
    Situation.UNTAGGED: Remedy(
        "The droplet is there. Members, this program and the firewall find it by that tag. Add the tag with this "
        "command, and run pulumi up again."
    ),
    Situation.LEAVING: Remedy(
        "It is to leave the cluster, and its droplet is gone. A run that replaces no member removes it from the "
        "cluster at its end: undo all other changes of the settings, run pulumi up, and make them afterwards."
    ),
    Situation.NO_DROPLET: Remedy("A run with a refresh creates it: pulumi up --refresh."),
    Situation.OWN_CLOCK: Remedy(
        "This machine decides by its own clock whether a certificate is valid, so a new droplet does not help."
    ),
    Situation.AUTHENTICATION_UNSET: Remedy(
        "Somebody switched it on without this program, or a restored backup had it on. Nothing changes while it is on "
        "and etcd:auth is unset. Set etcd:auth to false: pulumi up then switches it off. Or switch it off with a user "
        "that has the role root and a password: etcdctl --user root auth disable. After that, this program can manage "
        "it: etcd:auth and etcd:clients, docs/access.md."
    ),
    Situation.AUTHENTICATION_OFF: Remedy(
        "Somebody switched it on without this program, or a restored backup had it on, and etcd:auth is false. Run "
        "pulumi up again, which switches it off. Or switch it off with a user that has the role root and a password: "
        "etcdctl --user root auth disable. Then let this program switch it on: set etcd:auth to true, docs/access.md."
    ),
    Situation.AUTHENTICATION_ON: Remedy(
        "etcd knows no user for this program's requests, so this run changes nothing. A new droplet does not help: "
        "docs/access.md, The management certificate."
    ),
    Situation.NO_SPACE: Remedy(
        "A database is full. Compact, defragment and disarm the alarm: docs/monitoring.md#etcdnospace."
    ),
    Situation.CORRUPT: Remedy(
        "Members have different data. Keep all disks as they are, and find the wrong one: "
        "docs/monitoring.md#etcdcorrupt."
    ),
    Situation.LEARNER: Remedy(
        "It becomes a voter by itself when it has caught up. If it does not: journalctl -u etcd-promote on its droplet."
    ),
    Situation.ANSWERS: Remedy(
        "Its etcd runs, so it needs no new droplet. Repair members that do not answer first, and run pulumi up again."
    ),
    Situation.UNREACHED: Remedy(
        "Another member receives messages from it, so its etcd runs, and a new droplet does not help. Only the way "
        "from this machine to the member is interrupted. Look for a firewall, a route or a VPN in between. Or run "
        "pulumi up from another machine whose address is in etcd:clientCidrs."
    ),
    Situation.VOLUME_MISSING: Remedy(
        "Its data is on that volume, and a new droplet would wait for it, too. A run attaches it again: pulumi up. If "
        "that waits for this member, attach the volume in the control panel. The member then starts by itself."
    ),
    Situation.NOT_MOUNTED: Remedy(
        "A new droplet would have the same volume. Its log says why the volume is not mounted: journalctl -u "
        "preparecluster. The member starts by itself once it can be mounted. If its file system is damaged: "
        "docs/recovery.md, A damaged file system."
    ),
    Situation.READ_ONLY: Remedy(
        "A new droplet would have the same file system. Its kernel's log says why it is read-only: journalctl -k. "
        "etcd's next start checks the file system and mounts it again; to do it now: systemctl restart etcd."
    ),
    Situation.DISK_FULL: Remedy(
        "A new droplet would have the same disk. Enlarge the volume: pulumi config set etcd:volumeSize GIB, and pulumi "
        "up. etcd goes on by itself. If the file system does not grow: systemctl restart etcd. What fills "
        "the disk: docs/monitoring.md#etcddiskalmostfull."
    ),
    Situation.ROOT_DISK_FULL: Remedy(
        "Free space on its root disk: etcd goes on by itself. What fills the disk: "
        "docs/monitoring.md#etcddiskalmostfull."
    ),
    Situation.DAMAGED_FILESYSTEM: Remedy(
        "A new droplet would have the same file system. Repair it: docs/recovery.md, A damaged file system."
    ),
    Situation.CLOCK: Remedy(
        "To a wrong clock, certificates look expired or not yet valid. Set the clock of its droplet right: timedatectl "
        "set-ntp true."
    ),
    Situation.RESTORE: Remedy(
        "It tries again by itself. If the name, the bucket or its keys are wrong: docs/recovery.md, A new cluster from "
        "a backup."
    ),
    Situation.NO_QUORUM_TO_JOIN: Remedy(
        "It has no data and joins when a quorum answers. Bring the other members back first: docs/recovery.md."
    ),
    Situation.RELEASE: Remedy(
        "The file at etcd:releaseUrl is not the release that it should be, and a new droplet would get the same. "
        "Correct etcd:releaseUrl and etcd:releaseSha256, and run pulumi up. If the file was wrong for a moment only, "
        "the member goes on by itself."
    ),
    Situation.WAITING: Remedy("It goes on by itself when that ends. A new droplet would wait for the same."),
    Situation.DAMAGED: Remedy(
        "Its data is damaged, and a new droplet would have the same data. Let it receive the data of the others, on "
        "its droplet: python3 -ES /etc/etcd/prepare_cluster.py recover rejoin"
    ),
    Situation.FLAGS: Remedy(
        "etcd does not accept a flag. Correct etcd:extraFlags or the key of that flag, and run pulumi up."
    ),
    Situation.KILLED: Remedy(
        "etcd did not end by itself. Out of memory (oom-kill) needs a larger etcd:dropletSize. Its log says more: "
        "journalctl -u etcd -n 50."
    ),
    Situation.ENDS: Remedy(
        "A new droplet would start etcd with the same data. Read its log before anything else: journalctl -u etcd -n "
        "50. If it names the data: docs/recovery.md."
    ),
    Situation.STOPPED: Remedy("Start etcd on its droplet: systemctl start etcd.", replace=True),
    Situation.NO_LEADER: Remedy(
        "Its etcd runs and waits until more than half of the members run and reach each other at port 2380. It then "
        "goes on by itself, and a restart does not help. Bring the other members back: docs/recovery.md."
    ),
    Situation.HANGS: Remedy("Start etcd again on its droplet: systemctl restart etcd.", replace=True),
    Situation.CERTIFICATE: Remedy("A new droplet gets new certificates.", replace=True),
    Situation.NOT_VALID: Remedy(
        "Compare the clocks of this machine and of the droplet, and the certificate's dates: docs/lifecycle.md, "
        "Renewal."
    ),
    Situation.UNRESPONSIVE: Remedy(
        "Its machine is unresponsive. Look at its recovery console in DigitalOcean's control panel, and power-cycle it "
        "there.",
        replace=True,
    ),
    Situation.SILENT: Remedy(
        "Look at its recovery console in DigitalOcean's control panel: does it boot, and has it a network?",
        replace=True,
    ),
    Situation.REFUSED: Remedy(
        "Its machine runs, and does not say why etcd does not. Read its log first, which a new droplet does not have.",
        replace=True,
    ),
    Situation.STRANGE: Remedy(
        "Something else than etcd answers at its address. Read its log: journalctl -u preparecluster -u etcd."
    ),
}
"""The remedy of each situation."""


NOT_ASKED = {
    Cause.UNLISTED: Situation.UNLISTED,
    Cause.UNTAGGED: Situation.UNTAGGED,
    Cause.NO_DROPLET: Situation.NO_DROPLET,
}
"""The situations of members whose address is unknown."""
AUTHENTICATED: dict[bool | None, Situation] = {
    None: Situation.AUTHENTICATION_UNSET,
    False: Situation.AUTHENTICATION_OFF,
    True: Situation.AUTHENTICATION_ON,
}
"""The situations of members that tell nothing because of etcd's authentication, by ``etcd:auth``."""
DATES = (EXPIRED, NOT_YET_VALID, REJECTS_DATES)
"""The reasons of members that are the same where this machine's clock is wrong."""


def remedy(seen: Seen, *, only_unhealthy: bool, replace_command: str) -> str:
    """The remedy of a member in whole sentences.

    ``replace_command`` replaces its droplet. Its guard refuses that while another member is unhealthy, so the command
    is named only if this one is the ``only_unhealthy`` one.
    """
    found = situation(seen)
    row = REMEDIES[found]
    if found is Situation.OWN_CLOCK:
        return f"{row.text} {seen.own_clock[:1].upper()}{seen.own_clock[1:]}."
    text = in_callers_words(row.text)
    if row.replace and only_unhealthy and replace_command:
        return f"{text} If that does not help, replace its droplet: {replace_command}"
    return text


def all_at_once() -> str:
    """How to replace all droplets in one run."""
    caller = names()
    return f"{caller.to_set('rollout', 'all-at-once')}, pulumi up, and then {caller.to_remove('rollout')}."


def abandon(seen: Collection[Seen], *, volumes: bool) -> str:
    """How to repair a cluster that never became healthy; empty where that is not certain.

    A member that answers may serve clients. A member whose machine says nothing may have data, and so has one on which
    a recovery has set data aside.
    """
    if not seen or any(isinstance(one.observation, MemberStatus) for one in seen):
        return ""
    if any(one.report is not None and one.report.etcd == "active" for one in seen):
        return ""
    if not all(one.report is not None and one.report.has_no_data for one in seen):
        return "If most members do not come back: docs/recovery.md."
    if volumes:
        return f"No member has any data. After a change of the settings, replace all of them: {all_at_once()}"
    return (
        "No member has any data. To begin anew: pulumi destroy, and then pulumi up, with "
        f"{key_of('restoreFrom')} if there is a backup (docs/recovery.md)."
    )
