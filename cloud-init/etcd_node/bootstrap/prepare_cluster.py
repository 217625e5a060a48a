"""Runs before every start of etcd: starts it with its data, or bootstraps or joins the cluster without data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from components.shared.compression import SnapshotError
from components.shared.names import member_number
from etcd_node.backup.settings import read_backup_settings
from etcd_node.bootstrap.bootstrap_rules import may_be_set_aside, may_bootstrap
from etcd_node.bootstrap.join import JoiningMember
from etcd_node.bootstrap.restore import Restoration
from etcd_node.digitalocean.address_book import AddressBook
from etcd_node.digitalocean.api import ListingError, list_droplets
from etcd_node.digitalocean.markers import read_markers
from etcd_node.digitalocean.sync_hosts import write_addresses
from etcd_node.etcd.client import ClusterClient, NoQuorumError
from etcd_node.etcd.membership import was_removed
from etcd_node.etcd.transport import TlsClient, other_members
from etcd_node.etcd.wal import Contents, Disk, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.etcd_environment import etcd_environment, format_environment, parse_environment, peer_url
from etcd_node.host.hosts_file import read_members
from etcd_node.host.install import Installation
from etcd_node.host.journal import WaitLog, say, warn
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.host.volume import prepare_data_directory, set_aside

RECHECK_LIMITS = {Contents.DATA: 20.0, Contents.EMPTY_BOOTSTRAP_LOG: 5.0}
"""Seconds for which a recheck asks the other members for a quorum's member list."""

MARKERS_INTERVAL = 15.0
"""Seconds between two reads of the markers while a removed member waits for permission to join again."""


class PrepareCluster:
    """One run of the step ``preparecluster``."""

    def __init__(self, settings: Settings, paths: Paths, token: str) -> None:
        self._settings = settings
        self._paths = paths
        self._token = token
        self._wait_log = WaitLog()
        self._client = TlsClient(paths.etc)
        self._installation = Installation(settings, paths)
        self._address_book = AddressBook(
            lambda: list_droplets(settings.api_url, token, settings.tag, settings.addresses)
        )

    def run(self) -> None:
        """Return when etcd is installed and its environment file is written."""
        self._installation.start()
        self._prepare()
        self._installation.join()

    def _prepare(self) -> None:
        prepare_data_directory(self._paths, self._settings.volume, self._wait_log)
        self._settings = as_recovered(self._settings, self._paths.recovery)
        disk = read_disk(self._paths.data)
        if self._paths.recheck.exists():
            disk = self._recheck(disk)
            self._paths.recheck.unlink(missing_ok=True)
        if disk.contents in {Contents.BLANK, Contents.REMAINS}:
            self._become_member(blank=may_bootstrap(disk.contents))
        else:
            self._start_with(disk)

    def _become_member(self, *, blank: bool) -> None:
        """Bootstrap or join the cluster, without data. A member that is not ``blank`` only joins."""
        # An earlier run wrote them for a disk in another state.
        self._paths.environment.unlink(missing_ok=True)
        self._paths.joining.unlink(missing_ok=True)
        restoration = Restoration(self._settings, self._paths, read_backup_settings(self._paths.backup))
        joining_member = JoiningMember(
            self._settings,
            self._paths,
            client=self._client,
            address_book=self._address_book,
            wait_log=self._wait_log,
            write_addresses=partial(write_addresses, self._paths),
            can_start=lambda: not self._installation.is_alive(),
            restoration=restoration,
            state="blank" if blank else "remains",
        )
        try:
            state, cluster = joining_member.become_member()
        except SnapshotError as error:
            warn(f"the backup cannot be restored, so etcd does not start: {error}")
            raise SystemExit(1) from None
        finally:
            restoration.clear()
        if not blank:
            warn(f"the data had no log: it is now in {set_aside(self._paths, 'damaged')}")
        self._write_environment(state, cluster)

    def _start_with(self, disk: Disk) -> None:
        """Start etcd with its own log. This needs no other member: etcd knows the cluster from the log."""
        if not read_members(self._paths.hosts):
            # A new root disk. One try now is sooner than the timer's.
            self._list_droplets()
        file = self._paths.environment
        kept = parse_environment(file.read_text()).get("ETCD_INITIAL_CLUSTER", "") if file.exists() else ""
        cluster = dict(pair.split("=", 1) for pair in kept.split(",") if "=" in pair)
        names = {*self._settings.initial_members, self._settings.name}
        self._write_environment("existing", cluster or {name: peer_url(name) for name in names})
        say(f"the disk has {disk.contents.value}: starting etcd with it")

    def _recheck(self, disk: Disk) -> Disk:
        """Return the disk as etcd may use it, after etcd could not run with it.

        Data of a removed member is set aside, and so is an empty bootstrap log that found no quorum.
        """
        if disk.contents is Contents.BLANK or disk.identity is None:
            return disk
        deadline = time.monotonic() + RECHECK_LIMITS[disk.contents]
        while time.monotonic() < deadline:
            self._list_droplets()
            try:
                confirmed = ClusterClient(
                    self._client, other_members(self._settings, self._paths)
                ).list_members()
            except NoQuorumError as error:
                self._wait_log.report(f"asking the others whether this member was removed: {error}")
                time.sleep(1)
                continue
            if not was_removed(disk.identity.member, disk.identity.cluster, confirmed):
                return disk
            self._wait_for_permission()
            moved = set_aside(self._paths, "removed")
            warn(f"this member was removed from the cluster: its data is now in {moved}, and it joins again")
            return Disk(Contents.BLANK)
        if may_be_set_aside(disk.contents):
            moved = set_aside(self._paths, "unborn")
            warn(f"no quorum answers, and the log is empty: it is now in {moved}, and bootstrap starts again")
            return Disk(Contents.BLANK)
        return disk

    def _wait_for_permission(self) -> None:
        """Wait until the markers allow this removed member to join again.

        Without this it could rejoin after a scale-in has removed it, just before its droplet is deleted.
        """
        failures = 0
        while True:
            try:
                markers = read_markers(self._settings, self._token)
            except ListingError as error:
                self._wait_log.report(
                    f"removed from the cluster; it is not known whether this member may join again: {error}"
                )
                time.sleep(error.delay(failures))
                failures += 1
                continue
            if markers.wants(member_number(self._settings.name)):
                return
            size = f"has {markers.size} members" if markers.size else "is changing its size"
            self._wait_log.report(
                f"removed from the cluster, which {size if markers.up else 'is being destroyed'}: "
                "waiting for a scale-out, or for the deletion of this droplet"
            )
            time.sleep(MARKERS_INTERVAL)

    def _list_droplets(self) -> None:
        self._address_book.refresh(missing=True)
        if self._address_book.addresses is not None:
            try:
                write_addresses(self._paths, self._address_book.addresses)
            except OSError as error:
                # The disk may be full. etcd with its data can do without.
                warn(f"the members' addresses are not updated: {error}")

    def _write_environment(self, state: str, cluster: Mapping[str, str]) -> None:
        variables = etcd_environment(
            self._settings, state=state, cluster=cluster, etc=self._paths.etc, data=self._paths.data
        )
        replace_text(self._paths.environment, format_environment(variables), mode=0o644)
