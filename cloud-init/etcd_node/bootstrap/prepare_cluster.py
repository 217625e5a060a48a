"""Before every start of etcd: look at the disk, and found or rejoin the cluster when it has no data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from etcd_node.backup.settings import read_backup_settings
from etcd_node.backup.snapshot import SnapshotError
from etcd_node.bootstrap import bootstrap_rules as founding
from etcd_node.bootstrap.join import JoiningMember
from etcd_node.bootstrap.restore import Restoration
from etcd_node.digitalocean.address_book import AddressBook
from etcd_node.digitalocean.api import ListingError, list_droplets
from etcd_node.digitalocean.markers import read_markers
from etcd_node.digitalocean.sync_hosts import keep
from etcd_node.etcd.client import ClusterClient, NoQuorumError
from etcd_node.etcd.membership import was_removed
from etcd_node.etcd.transport import MemberAddress, TlsClient
from etcd_node.etcd.wal import Contents, Disk, read_disk
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.etcd_environment import as_text, environment, from_text, peer_url
from etcd_node.host.hosts_file import members_in
from etcd_node.host.install import Installation
from etcd_node.host.journal import Waiting, say, warn
from etcd_node.host.settings import Paths, Settings, as_recovered
from etcd_node.host.volume import provide_data, set_aside

RECHECK = {Contents.DATA: 20.0, Contents.EMPTY_BOOTSTRAP_LOG: 5.0}
"""Seconds for which a quorum is asked about a log that etcd could not run with."""

WANTED_PACE = 15.0
"""Seconds between a removed member's questions whether it is wanted again."""


class PrepareCluster:
    """One run of the script."""

    def __init__(self, settings: Settings, places: Paths, token: str) -> None:
        self._settings = settings
        self._places = places
        self._token = token
        self._waiting = Waiting()
        self._client = TlsClient(places.etc)
        self._installation = Installation(settings, places)
        self._directory = AddressBook(
            lambda: list_droplets(settings.api_url, token, settings.tag, settings.addresses)
        )

    def run(self) -> None:
        """Return when etcd may start with the environment file that is then in place."""
        self._installation.start()
        self._prepare()
        self._installation.join()

    def _prepare(self) -> None:
        provide_data(self._places, self._settings.volume, self._waiting)
        self._settings = as_recovered(self._settings, self._places.recovery)
        disk = read_disk(self._places.data)
        if self._places.recheck.exists():
            disk = self._second_look(disk)
            self._places.recheck.unlink(missing_ok=True)
        if not founding.may_bootstrap(disk.contents):
            self._start_with(disk)
            return
        # Whatever an earlier run decided, it was about another state of this disk.
        self._places.environment.unlink(missing_ok=True)
        self._places.joining.unlink(missing_ok=True)
        restoration = Restoration(self._settings, self._places, read_backup_settings(self._places.backup))
        newcomer = JoiningMember(
            self._settings,
            self._places,
            client=self._client,
            directory=self._directory,
            waiting=self._waiting,
            learn_addresses=partial(keep, self._places),
            can_start=lambda: not self._installation.is_alive(),
            restoration=restoration,
        )
        try:
            state, cluster = newcomer.become_member()
        except SnapshotError as error:
            warn(f"the founding has not begun here: {error}")
            raise SystemExit(1) from None
        finally:
            restoration.clear()
        self._write_environment(state, cluster)

    def _start_with(self, disk: Disk) -> None:
        """A member with a log needs nobody: etcd knows the cluster from it, and the rest is found meanwhile."""
        if not members_in(self._places.hosts.read_text() if self._places.hosts.exists() else ""):
            # A new root disk. One try spares etcd the wait for the refresh, which would find them as well.
            self._directory.refresh(missing=True)
            if self._directory.book is not None:
                keep(self._places, self._directory.book)
        file = self._places.environment
        kept = from_text(file.read_text()).get("ETCD_INITIAL_CLUSTER", "") if file.exists() else ""
        cluster = dict(pair.split("=", 1) for pair in kept.split(",") if "=" in pair)
        names = {*self._settings.initial_members, self._settings.name}
        self._write_environment("existing", cluster or {name: peer_url(name) for name in names})
        say(f"found {disk.contents.value}: starting etcd with it")

    def _second_look(self, disk: Disk) -> Disk:
        """etcd could not run with this disk. Whether its member still exists is for a quorum to say."""
        if disk.contents is Contents.BLANK or disk.identity is None:
            return disk
        give_up = time.monotonic() + RECHECK[disk.contents]
        while time.monotonic() < give_up:
            self._directory.refresh(missing=True)
            if self._directory.book is not None:
                keep(self._places, self._directory.book)
            try:
                confirmed = ClusterClient(self._client, self._others()).list_members()
            except NoQuorumError as error:
                self._waiting.on(
                    f"asking the other members about the data found here: no quorum answers ({error})"
                )
                time.sleep(1)
                continue
            if not was_removed(disk.identity.member, disk.identity.cluster, confirmed):
                return disk
            self._wait_until_wanted()
            aside = set_aside(self._places, "removed")
            warn(f"this member was removed from the cluster: its data is now in {aside}, and it joins anew")
            return Disk(Contents.BLANK)
        if founding.may_be_set_aside(disk.contents):
            aside = set_aside(self._places, "unborn")
            warn(
                f"found {disk.contents.value}, and no quorum: it is now in {aside}, and the founding begins anew"
            )
            return Disk(Contents.BLANK)
        return disk

    def _wait_until_wanted(self) -> None:
        """A removed member stays out, or it would come back while the engine is about to delete its droplet."""
        failures = 0
        while True:
            try:
                markers = read_markers(self._settings, self._token)
            except ListingError as error:
                self._waiting.on(
                    f"this member was removed from the cluster; it is not known whether for good: {error}"
                )
                time.sleep(error.delay(failures))
                failures += 1
                continue
            if markers.want(self._settings.number):
                return
            wanted = f"wanted with {markers.size or 'fewer'} members" if markers.up else "being torn down"
            self._waiting.on(
                f"this member was removed from the cluster, which is {wanted}: waiting for the end of this "
                "droplet, or for a scale-out"
            )
            time.sleep(WANTED_PACE)

    def _others(self) -> list[MemberAddress]:
        known = members_in(self._places.hosts.read_text() if self._places.hosts.exists() else "")
        return [
            MemberAddress(name, address) for name, address in known.items() if name != self._settings.name
        ]

    def _write_environment(self, state: str, cluster: Mapping[str, str]) -> None:
        variables = environment(
            self._settings, state=state, cluster=cluster, etc=self._places.etc, data=self._places.data
        )
        replace_text(self._places.environment, as_text(variables), mode=0o644)
