"""Recover a cluster that has lost its quorum or all of its data. An operator runs it; see docs/recovery.md."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage

from components.shared.backups import SUFFIX
from components.shared.ports import CLIENT_PORT, PEER_PORT
from components.shared.s3 import S3Error
from components.shared.stored_backups import ChoiceError
from etcd_node.backup.settings import read_backup_settings
from etcd_node.bootstrap.restore import RestoreError, find_backup
from etcd_node.digitalocean.api import list_droplets
from etcd_node.digitalocean.markers import read_markers
from etcd_node.etcd.client import NoQuorumError, RefusedError
from etcd_node.etcd.commit_log import commit_whole_log
from etcd_node.etcd.etcdctl import change_members
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.membership import MemberList, bootstrap_cluster_id, cluster_name, is_self
from etcd_node.etcd.transport import TlsClient, other_members
from etcd_node.etcd.wal import Contents, DamagedLogError, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.etcd_environment import parse_environment
from etcd_node.host.journal import say
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.host.volume import set_aside
from etcd_node.monitoring.facts import facts, words
from etcd_node.recovery.preconditions import Consent, Objection, find_objection, newer_data
from etcd_node.recovery.rejoin import rejoin_objection
from etcd_node.recovery.survey import Survey, survey_members
from etcd_node.recovery.verdict import PROGRAM, verdict

UNITS = ("etcd-reconcile.service", "etcd.service")
"""Units that are stopped during the recovery and started again after it. ``etcd-reconcile`` might restart etcd."""

RUNNING_STEP = "preparecluster.service"
"""The unit that is only stopped.

A ``preparecluster`` that waits has read its settings before the recovery, and etcd's start would use it in place of a
new run.
"""

STOP_LIMIT = 30.0
"""Seconds for etcd to exit after SIGTERM."""

LEAVE_LIMIT = 15.0
"""Seconds for the other members to remove one that sets its data aside."""

ALONE_LIMIT = 60.0
"""Seconds for etcd to become the leader of a cluster of one."""

ALONE_TIME = 5.0
"""Seconds for which etcd then runs alone, so that its data is on disk."""


class RecoveryError(Exception):
    """The recovery cannot continue. The text says why, and what to do."""


@dataclass(frozen=True)
class Plan:
    """The restore of a backup, with the same content on each of the new cluster's members."""

    backup: str
    members: tuple[str, ...] = ()
    """The initial members of the new cluster. Other members join it later."""
    label: str = ""
    """The operator's name for this recovery."""

    def token(self, settings: Settings) -> str:
        """Return the new cluster's token. It differs for another backup, other members or another label.

        It is derived from the token in the droplet's settings, because a member may not know of an earlier recovery.
        A member with data of a discarded cluster has another token, so it cannot mix with the new cluster.
        """
        content = "\n".join([settings.token, self.backup, self.label, *sorted(self.members)])
        return f"{settings.token}-{sha256(content.encode()).hexdigest()[:8]}"


def recover(settings: Settings, paths: Paths, arguments: Namespace) -> None:
    """Run ``check``, ``rejoin``, ``alone`` or ``from-backup NAME``. Exits with a message when a check objects."""
    token = (paths.etc / "prepare_cluster.token").read_text().strip()
    consent = Consent(
        arguments.even_with_quorum, arguments.give_up, arguments.silent_are_down, arguments.others_are_older
    )
    members = tuple(name for name in str(arguments.members).split(",") if name)
    survey = partial(
        survey_members,
        settings,
        paths,
        lambda: list_droplets(settings.api_url, token, settings.tag, settings.addresses),
        lambda: read_markers(settings, token).size,
    )
    if settings.volume and not paths.mount.is_mount():
        sys.exit(
            f"data volume {settings.volume} is not mounted on {paths.mount}: see journalctl -u preparecluster"
        )
    try:
        match arguments.programs:
            case ["check"]:
                print("\n".join(_check(settings, paths, survey())))
            case ["alone"]:
                alone(settings, paths, survey(), consent)
            case ["rejoin"]:
                rejoin(settings, paths, survey())
            case ["from-backup", name]:
                from_backup(settings, paths, survey(), Plan(name, members, arguments.label), consent)
            case _:
                sys.exit(
                    "use recover check, recover rejoin, recover alone or recover from-backup NAME: see docs/recovery.md"
                )
    except (RecoveryError, OSError) as error:
        sys.exit(str(error))


def _check(settings: Settings, paths: Paths, survey: Survey) -> list[str]:
    """Return whole sentences, one a line, on what the survey shows."""
    own = read_disk(paths.data).contents
    said = words(facts(settings, paths))
    return [
        f"{settings.name}, this member, has {own.value}{f' ({said})' if said else ''}.",
        *(f"{other}." for other in survey.others),
        *([f"The droplets cannot be listed: {survey.problem}."] if survey.problem else []),
        *verdict(survey, own),
    ]


def alone(settings: Settings, paths: Paths, survey: Survey, consent: Consent) -> None:
    """Make a cluster of one from this member's data. Raises ``RecoveryError``."""
    own = read_disk(paths.data).contents
    if own in {Contents.BLANK, Contents.REMAINS}:
        raise RecoveryError(f"this member has {own.value}: run this on the member with the newest data")
    _raise_objection(
        find_objection(survey, _cluster(settings, survey), consent) or newer_data(survey, consent)
    )
    try:
        _systemctl("stop", *UNITS, RUNNING_STEP)
        say("stopped etcd; making a cluster of one from its data, on loopback only")
        _make_cluster_of_one(settings, paths)
    finally:
        _systemctl("start", "--no-block", *UNITS)
    say("this member is a cluster of one. Members without data rejoin it by themselves, one after the other; for "
        "members with old data see docs/recovery.md")  # fmt: skip


def _make_cluster_of_one(settings: Settings, paths: Paths) -> None:
    variables = {
        **parse_environment(paths.environment.read_text()),
        # No member may join before etcd has been restarted without --force-new-cluster.
        "ETCD_LISTEN_PEER_URLS": f"https://127.0.0.1:{PEER_PORT}",
        "ETCD_LISTEN_CLIENT_URLS": f"https://127.0.0.1:{CLIENT_PORT}",
    }
    try:
        count = commit_whole_log(paths.data)
        say(f"marked {count} entries at the end of the log as committed")
    except DamagedLogError:
        say("the end of the log is damaged: entries there that were not marked as committed are lost")
    log = paths.run / "recover.log"
    process = _start_alone(paths, variables, log)
    try:
        if not _becomes_leader(settings, process):
            raise RecoveryError(f"etcd does not run alone with this data: see {log}")
        time.sleep(ALONE_TIME)
    finally:
        stop_process(process)


def _start_alone(paths: Paths, variables: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    user = pwd.getpwnam("etcd")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            [paths.program("etcd"), "--force-new-cluster"],
            env={**os.environ, **variables},
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            stdout=output,
            stderr=output,
        )


def rejoin(settings: Settings, paths: Paths, survey: Survey) -> None:
    """Set this member's data aside, so that it joins again with the data of the others. Raises ``RecoveryError``."""
    if read_disk(paths.data).contents is Contents.BLANK:
        raise RecoveryError("this member has no data, so it joins by itself: journalctl -fu preparecluster")
    free = disk_usage(paths.mount).free >> 20
    if objection := rejoin_objection(settings, paths, survey.confirmed, free):
        raise RecoveryError(f"Nothing has been changed: {objection}.")
    try:
        _systemctl("stop", *UNITS, RUNNING_STEP)
        _leave(settings, paths, survey.confirmed)
        say(f"moved this member's data to {set_aside(paths, 'damaged')}")
    finally:
        _systemctl("start", "--no-block", *UNITS)
    say("this member joins again with the data of the others: journalctl -fu preparecluster. See docs/recovery.md for "
        "the alarm and the data that was set aside")  # fmt: skip


def _leave(settings: Settings, paths: Paths, confirmed: MemberList | None) -> None:
    """Let a quorum remove this member, which is stopped, before it sets its data aside. The rest is then a quorum."""
    client, others = TlsClient(paths.etc), other_members(settings, paths)
    deadline = time.monotonic() + LEAVE_LIMIT
    for member in confirmed.members if confirmed else ():
        while is_self(settings.name, member):
            try:
                change_members(paths, client, others, "remove", f"{member.id:x}")
                break
            except (NoQuorumError, RefusedError) as error:
                # An earlier try has removed it, although nobody said so.
                if "not found" in str(error):
                    break
                # If it led the cluster, the others elect a leader first.
                if time.monotonic() > deadline:
                    raise RecoveryError(
                        f"The others do not remove this member now ({error}): try again"
                    ) from None
                time.sleep(0.5)


def from_backup(settings: Settings, paths: Paths, survey: Survey, plan: Plan, consent: Consent) -> None:
    """Set this member's data aside and let it bootstrap a new cluster from a backup with the others.

    A plan without members or label changes nothing: it prints the complete command. Raises ``RecoveryError``.
    """
    if not plan.backup.endswith(SUFFIX):
        raise RecoveryError(
            f"{plan.backup} is not the name of a backup, which ends with .db.gz: all members must restore the same"
        )
    if plan.members and survey.droplets and set(plan.members) != set(survey.droplets):
        # The initial members would wait for a member that was left out and may have data.
        raise RecoveryError(
            f"--members must name all members that have a droplet, {','.join(survey.droplets)}, and no other"
        )
    _raise_objection(find_objection(survey, _cluster(settings, survey), consent))
    if (backups := read_backup_settings(paths.backup)) is None:
        raise RecoveryError(
            "members have no bucket (etcd:backupBucket): make a new cluster from the backup, see docs/recovery.md"
        )
    try:
        find_backup(settings, backups, plan.backup)
    except (RestoreError, ChoiceError, S3Error) as error:
        raise RecoveryError(f"Nothing has been changed: {error}") from None
    if not (plan.members and plan.label):
        print(_complete_command(plan, survey))
        return
    disk, recovered = read_disk(paths.data), as_recovered(settings, paths.recovery)
    # A recovery that was interrupted has not moved the data of the earlier cluster yet.
    if (
        disk.contents is Contents.DATA
        and recovered.token == plan.token(settings)
        and (disk.identity is None or disk.identity.cluster == bootstrap_cluster_id(recovered))
    ):
        raise RecoveryError(
            f"this member was already recovered as {plan.label}, and may have newer writes. To discard them, use "
            "another word for --as"
        )
    try:
        _systemctl("stop", *UNITS, RUNNING_STEP)
        # The volume may be full.
        paths.reserve.unlink(missing_ok=True)
        _set_up_restore(settings, paths, plan, disk.contents)
    finally:
        _systemctl("start", "--no-block", *UNITS)
    say("this member bootstraps a new cluster from the backup when the same command has run on all its members: "
        "journalctl -fu preparecluster")  # fmt: skip


def _set_up_restore(settings: Settings, paths: Paths, plan: Plan, contents: Contents) -> None:
    content = {
        "token": plan.token(settings),
        "restore": plan.backup,
        "initial_members": sorted(plan.members),
        "label": plan.label,
    }
    # First, so that a loss of power never leaves a member of the old cluster without data.
    replace_text(paths.recovery, json.dumps(content), mode=0o644)
    if contents is not Contents.BLANK:
        say(f"moved this member's data to {set_aside(paths, 'given-up')}")


def _complete_command(plan: Plan, survey: Survey) -> str:
    members = plan.members or survey.droplets
    if not members:
        raise RecoveryError(
            f"name all members with --members A,B,C: they cannot be listed ({survey.problem})"
        )
    options = [] if plan.members else ["--members", ",".join(members)]
    options += [] if plan.label else ["--as", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())]
    return (
        f"Nothing has been changed. {', '.join(members)} will bootstrap a new cluster from this backup, and the data "
        f"that they have now is set aside. Run exactly this on each of them:\n\n    {_command(*options)}\n"
    )


def _command(*options: str) -> str:
    return f"{PROGRAM} {shlex.join([*sys.argv[1:], *options])}"


def _cluster(settings: Settings, survey: Survey) -> str:
    if survey.confirmed is None:
        return settings.token
    return cluster_name(settings, survey.confirmed.cluster)


def _raise_objection(objection: Objection | None) -> None:
    if objection is not None:
        raise RecoveryError(
            f"Nothing has been changed. {objection.reason} {objection.condition}:\n\n"
            f"    {_command(*objection.options)}\n"
        )


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Stop a process, with SIGKILL after ``STOP_LIMIT`` seconds. etcd has its data on disk by then."""
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _becomes_leader(settings: Settings, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + ALONE_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        metrics = read_local_metrics(settings.metrics)
        if metrics is not None and metrics.has_leader:
            return True
        time.sleep(0.2)
    return False


def _systemctl(*arguments: str) -> None:
    subprocess.run(["systemctl", *arguments], check=True)
