"""What an operator starts when the cluster has lost its quorum for good, or all of its data."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from .environment import from_text
from .files import replace_text
from .gateway import Cluster, NoQuorumError
from .health import read_health
from .hosts import members_in
from .journal import say
from .settings import CLIENT_PORT, PEER_PORT, Places, Settings, as_recovered
from .transport import Member, Wire
from .volume import set_aside
from .wal import Contents, read_disk

UNITS = ("etcd-peers.timer", "etcd-backup.timer", "etcd.service")

BUSY = ("etcd-peers.service", "preparecluster.service")
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
class Consent:
    """What the operator said beyond the command itself."""

    even_with_quorum: bool = False
    give_up: str = ""
    """The token of the cluster that is given up."""


def refusal(quorum: Sequence[str], token: str, consent: Consent) -> str | None:
    """Why a recovery must not go on: the cluster has a quorum, and the operator has not said twice that it may."""
    if not quorum:
        return None
    state = f"the cluster has a quorum of {', '.join(quorum)}: it goes on by itself, and who has no data rejoins it"
    if not consent.even_with_quorum:
        return f"{state}. To give up what it holds all the same, add --even-with-quorum"
    if consent.give_up != token:
        return f"{state}. To give it up, name it as well: --give-up {token}"
    return None


def recover(settings: Settings, places: Places, words: Sequence[str], consent: Consent) -> None:
    """Carry out ``alone`` or ``from-backup NAME``. Ends the program with a reason where it must not."""
    try:
        match words:
            case ["alone"]:
                alone(settings, places, consent)
            case ["from-backup", name]:
                from_backup(settings, places, name, consent)
            case _:
                sys.exit("recover alone, or recover from-backup NAME: see docs/recovery.md")
    except RecoveryError as error:
        sys.exit(str(error))


def alone(settings: Settings, places: Places, consent: Consent) -> None:
    """Make a cluster of one out of this member's data; the others rejoin it. Raises ``RecoveryError``."""
    if read_disk(places.data).contents is Contents.BLANK:
        raise RecoveryError("this member has no data: run it on the one that has the newest")
    _refuse(as_recovered(settings, places.recovery), places, consent)
    _systemctl("stop", *UNITS, *BUSY)
    say("stopped etcd; it now makes a cluster of one of its data, on loopback alone")
    variables = {
        **from_text(places.environment.read_text()),
        # Nobody joins before it has been restarted without the flag.
        "ETCD_LISTEN_PEER_URLS": f"https://127.0.0.1:{PEER_PORT}",
        "ETCD_LISTEN_CLIENT_URLS": f"https://127.0.0.1:{CLIENT_PORT}",
    }
    user = pwd.getpwnam("etcd")
    log = places.run / "recover.log"
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
        try:
            end(process)
        finally:
            _systemctl("start", "--no-block", *UNITS)
    say("this member is a cluster of one: the others rejoin it, one after the other. Without data they do so by "
        "themselves; see docs/recovery.md for those that have old data")  # fmt: skip


def from_backup(settings: Settings, places: Places, name: str, consent: Consent) -> None:
    """Set this member's data aside, and have it found a new cluster from a backup with the others.

    Every founding member must be told the same. Raises ``RecoveryError``.
    """
    if not name.endswith(".db.gz"):
        raise RecoveryError(f"name a backup, not {name}: all members must restore the same one")
    _refuse(as_recovered(settings, places.recovery), places, consent)
    _systemctl("stop", *UNITS, *BUSY)
    # First, so that a loss of power does not leave a member without data that belongs to the old cluster. The token
    # comes from the one that the droplet was told: said again, the command makes the same.
    told = {"token": new_token(settings.token, name), "restore": name}
    replace_text(places.recovery, json.dumps(told), mode=0o644)
    if read_disk(places.data).contents is not Contents.BLANK:
        say(f"the data that was here is now in {set_aside(places, 'given-up', keep=True)}")
    _systemctl("start", "--no-block", *UNITS)
    say("this member founds a new cluster from the backup, as soon as every founding member has been told the same: "
        "journalctl -fu preparecluster")  # fmt: skip


def new_token(token: str, name: str) -> str:
    """The token of the cluster that is founded from a backup: the same on all members, and never the old one.

    A member of the old cluster that comes back late then belongs to another cluster, and is told so.
    """
    return f"{token}-{sha256(f'{token} {name}'.encode()).hexdigest()[:8]}"


def _refuse(settings: Settings, places: Places, consent: Consent) -> None:
    known = members_in(places.hosts.read_text() if places.hosts.exists() else "")
    members = [Member(name, address) for name, address in sorted(known.items())]
    try:
        roll = Cluster(Wire(places.etc), members).roll()
    except NoQuorumError:
        return
    if (reason := refusal([member.host for member in roll.members], settings.token, consent)) is not None:
        raise RecoveryError(reason)


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
        health = read_health(settings.metrics)
        if health is not None and health.has_leader:
            return True
        time.sleep(0.2)
    return False


def _systemctl(*arguments: str) -> None:
    subprocess.run(["systemctl", *arguments], check=True)
