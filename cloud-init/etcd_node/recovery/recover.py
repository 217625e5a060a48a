"""What an operator starts when the cluster has lost its quorum for good, or all of its data."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess
import sys
import time
from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from etcd_node.digitalocean.api import list_droplets
from etcd_node.etcd.commit_log import commit_whole_log
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.membership import cluster_name
from etcd_node.etcd.wal import Contents, TornError, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.etcd_environment import from_text
from etcd_node.host.journal import say
from etcd_node.host.settings import CLIENT_PORT, PEER_PORT, Paths, Settings, as_recovered
from etcd_node.host.volume import set_aside
from etcd_node.recovery.preconditions import Consent, refusal
from etcd_node.recovery.survey import Survey, survey_members

PROGRAM = "python3 -ES /etc/etcd/prepare_cluster.py"

UNITS = ("etcd-reconcile.timer", "etcd-backup.timer", "etcd.service")

BUSY = ("etcd-reconcile.service", "preparecluster.service")
"""Stopped as well: a look that is under way may restart etcd, and a discovery that waits has read everything already.

etcd's start begins with a new discovery; one that is still running would be taken for it.
"""

ENDING = 30.0
"""Seconds for etcd to end by itself."""
ALONE = 60.0
"""Seconds for etcd to make a cluster of one of its data."""

SETTLE = 5.0
"""Seconds for which it then runs alone, so that all of it is on disk."""


class RecoveryError(Exception):
    """The recovery did not go on; the text says why, and what to do."""


@dataclass(frozen=True)
class Plan:
    """A founding from a backup, as every one of its members is told it."""

    backup: str
    members: tuple[str, ...] = ()
    """Who founds the new cluster; others join it later."""
    label: str = ""
    """The operator's word for this very recovery."""

    def token(self, settings: Settings) -> str:
        """The token of the new cluster: the same on all members that were told the same, and never one that was.

        It comes from the one that the droplet was told, since not every member knows of an earlier recovery. A
        member of a cluster that was given up belongs to another one, and is told so when it comes back late. So
        does one that was told of other founders, or of another recovery from the same backup.
        """
        told = "\n".join([settings.token, self.backup, self.label, *sorted(self.members)])
        return f"{settings.token}-{sha256(told.encode()).hexdigest()[:8]}"


def recover(settings: Settings, places: Paths, arguments: Namespace) -> None:
    """Carry out ``check``, ``alone`` or ``from-backup NAME``. Ends the program with a reason where it must not."""
    token = (places.etc / "prepare_cluster.token").read_text().strip()
    consent = Consent(arguments.even_with_quorum, arguments.give_up, arguments.silent_are_down)
    members = tuple(name for name in str(arguments.members).split(",") if name)
    call = partial(
        survey_members,
        settings,
        places,
        lambda: list_droplets(settings.api_url, token, settings.tag, settings.addresses),
    )
    if settings.volume and not places.mount.is_mount():
        sys.exit(f"the data volume {settings.volume} is not mounted on {places.mount}")
    try:
        match arguments.programs:
            case ["check"]:
                print("\n".join(_account(settings, places, call())))
            case ["alone"]:
                alone(settings, places, call(), consent)
            case ["from-backup", name]:
                from_backup(settings, places, call(), Plan(name, members, arguments.label), consent)
            case _:
                sys.exit("recover check, recover alone, or recover from-backup NAME: see docs/recovery.md")
    except RecoveryError as error:
        sys.exit(str(error))


def _account(settings: Settings, places: Paths, call: Survey) -> list[str]:
    own = read_disk(places.data).contents
    objection = refusal(call, _cluster(settings, call), Consent())
    return [
        f"{settings.name} is this one, and has {own.value}",
        *map(str, call.others),
        *([f"it is not known which droplets there are: {call.trouble}"] if call.trouble else []),
        objection.reason if objection else "no quorum, and nobody is silent",
    ]


def alone(settings: Settings, places: Paths, call: Survey, consent: Consent) -> None:
    """Make a cluster of one out of this member's data; the others rejoin it. Raises ``RecoveryError``."""
    if read_disk(places.data).contents is Contents.BLANK:
        raise RecoveryError("this member has no data: run it on the one that has the newest")
    _refuse(settings, call, consent)
    _systemctl("stop", *UNITS, *BUSY)
    say("stopped etcd; it now makes a cluster of one of its data, on loopback alone")
    try:
        _make_alone(settings, places)
    finally:
        _systemctl("start", "--no-block", *UNITS)
    say("this member is a cluster of one: the others rejoin it, one after the other. Without data they do so by "
        "themselves; see docs/recovery.md for those that have old data")  # fmt: skip


def _make_alone(settings: Settings, places: Paths) -> None:
    variables = {
        **from_text(places.environment.read_text()),
        # Nobody joins before it has been restarted without the flag.
        "ETCD_LISTEN_PEER_URLS": f"https://127.0.0.1:{PEER_PORT}",
        "ETCD_LISTEN_CLIENT_URLS": f"https://127.0.0.1:{CLIENT_PORT}",
    }
    try:
        found = commit_whole_log(places.data)
        say(f"counted {found} entries at the end of the log that nobody had called committed here")
    except TornError:
        say("the end of the log is damaged: what nobody had called committed there is lost")
    user = pwd.getpwnam("etcd")
    log = places.run / "recover.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [places.program("etcd"), "--force-new-cluster"],
            env={**os.environ, **variables},
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            stdout=output,
            stderr=output,
        )
    try:
        if not _becomes_leader(settings, process):
            raise RecoveryError(f"etcd does not run alone with this data: {log} says why")
        time.sleep(SETTLE)
    finally:
        end(process)


def from_backup(settings: Settings, places: Paths, call: Survey, plan: Plan, consent: Consent) -> None:
    """Set this member's data aside, and have it found a new cluster from a backup with the others.

    Without members and label it says which command does. Raises ``RecoveryError``.
    """
    if not plan.backup.endswith(".db.gz"):
        raise RecoveryError(f"name a backup, not {plan.backup}: all members must restore the same one")
    if plan.members and call.droplets and set(plan.members) != set(call.droplets):
        # One that is left out may come up with data; the founders would wait for it.
        raise RecoveryError(
            f"--members is to name all that have a droplet, {','.join(call.droplets)}, and no other"
        )
    _refuse(settings, call, consent)
    if not (plan.members and plan.label):
        print(_proposal(plan, call))
        return
    token = plan.token(settings)
    disk = read_disk(places.data).contents
    if disk is Contents.DATA and as_recovered(settings, places.recovery).token == token:
        raise RecoveryError(
            f"this member was recovered as {plan.label} already, and holds what was written since. To give that up, "
            "choose another word for --as"
        )
    _systemctl("stop", *UNITS, *BUSY)
    # First, so that a loss of power does not leave a member without data that belongs to the old cluster.
    told = {
        "token": token,
        "restore": plan.backup,
        "initial_members": sorted(plan.members),
        "label": plan.label,
    }
    replace_text(places.recovery, json.dumps(told), mode=0o644)
    if disk is not Contents.BLANK:
        say(f"the data that was here is now in {set_aside(places, 'given-up', keep=True)}")
    _systemctl("start", "--no-block", *UNITS)
    say("this member founds a new cluster from the backup, as soon as every founding member has been told the same: "
        "journalctl -fu preparecluster")  # fmt: skip


def _proposal(plan: Plan, call: Survey) -> str:
    members = plan.members or call.droplets
    if not members:
        raise RecoveryError(f"name all members by --members A,B,C: the API cannot be asked ({call.trouble})")
    added = [] if plan.members else ["--members", ",".join(members)]
    added += [] if plan.label else ["--as", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())]
    return (
        f"Nothing has been changed. {', '.join(members)} will found a new cluster from this backup, and what they hold "
        f"now is set aside. Run exactly this on each of them:\n\n    {_again(*added)}\n"
    )


def _again(*added: str) -> str:
    return f"{PROGRAM} {shlex.join([*sys.argv[1:], *added])}"


def _cluster(settings: Settings, call: Survey) -> str:
    return settings.token if call.confirmed is None else cluster_name(settings, call.confirmed.cluster)


def _refuse(settings: Settings, call: Survey, consent: Consent) -> None:
    if (objection := refusal(call, _cluster(settings, call), consent)) is not None:
        raise RecoveryError(
            f"Nothing has been changed: {objection.reason}:\n\n    {_again(*objection.unless)}\n"
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Have a process end, at the latest after ``ENDING`` seconds. What etcd has written is on disk by then."""
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _becomes_leader(settings: Settings, process: subprocess.Popen[bytes]) -> bool:
    give_up = time.monotonic() + ALONE
    while process.poll() is None and time.monotonic() < give_up:
        health = read_local_metrics(settings.metrics)
        if health is not None and health.has_leader:
            return True
        time.sleep(0.2)
    return False


def _systemctl(*arguments: str) -> None:
    subprocess.run(["systemctl", *arguments], check=True)
