"""The last backup: one member takes it while its machine shuts down, if the cluster is being destroyed.

``pulumi destroy`` runs no program. It deletes the tag ``NAME-up`` before the first droplet, so the members learn of it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Thread

from etcd_node.backup.settings import read_backup_settings
from etcd_node.backup.upload import back_up
from etcd_node.backup.upload_lock import upload_lock
from etcd_node.digitalocean.api import ListingError
from etcd_node.digitalocean.markers import read_markers
from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import NoAnswerError, TlsClient, this_member
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

LEASE = int.from_bytes(b"last")
"""Plus a revision: the id of the lease of etcd that says that a last backup has this revision."""

LEASE_SECONDS = 240
"""Seconds after which the lease ends, so that a later destroy takes a backup even if nothing was written."""

TRIES = 10
"""How often a member tries to take the backup, a second apart. A busy server takes a later one; a refusal stays."""

DECISION_SECONDS = 8.0
"""Seconds after which a machine shuts down without knowing whether the cluster is being destroyed."""


def last_backup(settings: Settings, paths: Paths, token: str) -> None:
    """Take a backup if the cluster is being destroyed and no other member has taken one of this revision.

    The unit ``etcd-last-backup`` limits the time.
    """
    if (backups := read_backup_settings(paths.backup)) is None:
        return
    up: list[bool] = []

    def read() -> None:
        while not up:
            try:
                up.append(read_markers(settings, token).up)
            except ListingError as error:
                warn(f"cannot read whether the cluster is being destroyed: {error}")
                time.sleep(1)

    # A thread, because nothing else limits the time that a look-up of the API's name takes.
    reading = Thread(target=read, daemon=True)
    reading.start()
    reading.join(DECISION_SECONDS)
    if not up:
        warn(
            f"no last backup: after {DECISION_SECONDS:.0f} s it is not known whether the cluster is destroyed"
        )
    if up != [False]:
        return
    say("the cluster is being destroyed: taking a last backup")
    client = TlsClient(paths.etc)
    me = this_member(settings, paths)
    tries = 0
    try:
        while tries < TRIES:
            with upload_lock(client, me) as locked:
                status = call(client, me, "/v3/maintenance/status", {})
                lease = {"ID": str(LEASE + int(status["header"]["revision"]))}
                # The value is -1 when there is no such lease.
                if int(call(client, me, "/v3/lease/timetolive", lease).get("TTL", 0)) > 0:
                    say("another member has taken it")
                    return
                if locked:
                    if back_up(settings, paths, backups, at_once=True):
                        # A full database has no room for it. Then another member may upload the same once more.
                        with suppress(NoAnswerError, RefusedError):
                            call(client, me, "/v3/lease/grant", {**lease, "TTL": str(LEASE_SECONDS)})
                        return
                    tries += 1
            time.sleep(1)
    except (NoAnswerError, RefusedError) as error:
        warn(f"no last backup: {error}")
