"""The guard runs beside etcd and blocks this machine's shutdown while the cluster needs this member.

The rules are in ``shutdown_policy.py``. While all members are healthy, the guard sends one small request to each of
them every three seconds, notices when one closes its connection, and asks the DigitalOcean API nothing.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable

from etcd_node.digitalocean.address_book import is_local
from etcd_node.digitalocean.markers import own_droplet, read_markers, shutdown_was_requested
from etcd_node.digitalocean.sync_hosts import sync_hosts
from etcd_node.etcd.transport import TlsClient
from etcd_node.guard.background_poll import BackgroundPoll
from etcd_node.guard.inhibitor import Inhibitor
from etcd_node.guard.peer_health import PeerHealth, PeerObservation
from etcd_node.guard.shutdown_policy import (
    LISTING_TIME,
    ShutdownFacts,
    markers_delay,
    must_block,
    observation_interval,
    oldest_request,
    poll_interval,
    reason_to_allow,
    reason_to_block,
)
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

SHORTEST_INTERVAL = 0.1
"""Seconds between two observations at the least, whatever happens."""

MARKERS_VALID = 60.0
"""Seconds for which the markers count after they were read, if later requests fail."""

DEFERRED_TIME = 15.0
"""Seconds after allowing the shutdown in which the guard looks for a request made before. The API may show it late."""

DEFERRED_INTERVAL = 5.0
"""Seconds between two of these requests to the API."""


class Guard:
    """The guard of one droplet. Tests replace the machine by ``inhibitor``, ``power_off`` and ``reconcile``."""

    def __init__(
        self,
        settings: Settings,
        paths: Paths,
        token: str,
        *,
        inhibitor: Inhibitor,
        power_off: Callable[[], object],
        reconcile: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._token = token
        self._inhibitor = inhibitor
        self._power_off = power_off
        self._reconcile = reconcile
        self._peers = PeerHealth(settings, paths, TlsClient(paths.etc))
        self._woken, wake = os.pipe2(os.O_NONBLOCK)
        self._markers = BackgroundPoll(
            lambda: read_markers(settings, token),
            on_failure="cannot read the account's tags, so the shutdown stays blocked",
            wake=wake,
        )
        self._requests = BackgroundPoll(
            self._shutdown_was_requested,
            on_failure="cannot read whether a shutdown was requested",
            wake=wake,
        )
        self._addresses = BackgroundPoll(
            lambda: sync_hosts(settings, paths, token),
            on_failure="cannot update the members' addresses",
            wake=wake,
        )
        self._droplet: int | None = None
        self.settled = False
        """Whether this machine's etcd has been healthy since the guard started."""
        self._needed_since: float | None = None
        self._blocked_since = 0.0
        self._allowed_at: float | None = None
        self._logged: str | None = None

    def run(self) -> None:
        """Run rounds for ever."""
        while True:
            self.run_round()

    def run_round(self) -> None:
        """Observe the members, act on it, and wait."""
        began = time.monotonic()
        self._wait(began, self._act())

    def _act(self) -> float:
        """Observe the members once and act on it. Returns the seconds until the next observation."""
        observation = self._peers.observe()
        self.settled = self.settled or observation.healthy
        if observation.members_changed:
            # etcd sends a joining member a snapshot, to the address that this machine knows.
            self._paths.run.mkdir(parents=True, exist_ok=True)
            self._paths.moved.touch()
            self._reconcile()
        # Block before we ask the API anything: a shutdown request may be on its way.
        facts = self._decide(observation)
        seconds = self._seconds_needed(facts)
        if seconds is not None and not observation.removed and seconds >= markers_delay(self.settled):
            interval = poll_interval(seconds, len(observation.others) + 1)
            self._markers.poll(interval)
            if seconds < LISTING_TIME:
                self._addresses.poll(interval)
            self._decide(observation)
        self._carry_out_deferred_shutdown()
        return observation_interval(needed=seconds is not None)

    def _seconds_needed(self, facts: ShutdownFacts) -> float | None:
        """For how many seconds the cluster has needed this machine; ``None`` when it does not need it."""
        if reason_to_block(facts) is None:
            self._needed_since = None
            return None
        now = time.monotonic()
        if self._needed_since is None:
            self._needed_since = now
        return now - self._needed_since

    def _decide(self, observation: PeerObservation) -> ShutdownFacts:
        markers = self._markers.result
        facts = ShutdownFacts(
            has_data=observation.has_data,
            removed=observation.removed,
            unhealthy=observation.unhealthy,
            irreplaceable=not observation.others and not self._settings.volume,
            markers=markers.value if markers and time.monotonic() - markers.at < MARKERS_VALID else None,
        )
        reason = must_block(facts)
        if reason is not None:
            self._block(reason, observation)
        elif self._inhibitor.held:
            self._allow(reason_to_allow(facts))
        return facts

    def _block(self, reason: str, observation: PeerObservation) -> None:
        if not self._inhibitor.held:
            self._blocked_since = time.time()
            self._allowed_at = None
        action = "blocking" if self._inhibitor.hold(reason) else "logind does not let us block"
        line = f"{action} the shutdown of this machine: {reason}"
        if line != self._logged:
            problems = "; ".join(f"{name}: {text}" for name, text in sorted(observation.unhealthy.items()))
            warn(f"{line}{f' ({problems})' if problems else ''}")
            self._logged = line

    def _allow(self, why: str | None) -> None:
        self._inhibitor.release()
        say(f"allowing the shutdown of this machine: {why or 'all other members are healthy'}")
        self._logged = None
        # Not when the members are healthy again: the request may be abandoned, or made for two members.
        self._allowed_at = time.monotonic() if why else None

    def _carry_out_deferred_shutdown(self) -> None:
        """Power off if a shutdown was requested while this machine blocked it."""
        if self._allowed_at is None or time.monotonic() - self._allowed_at > DEFERRED_TIME:
            return
        self._requests.poll(DEFERRED_INTERVAL)
        requested = self._requests.result
        if requested is not None and requested.at >= self._allowed_at and requested.value:
            say("powering off: a shutdown was requested while it was blocked")
            self._allowed_at = None
            self._power_off()

    def _shutdown_was_requested(self) -> bool:
        if self._droplet is None:
            self._droplet = own_droplet(self._settings, self._token, is_local)
        since = oldest_request(self._blocked_since, time.time())
        return shutdown_was_requested(self._settings, self._token, self._droplet, since)

    def _wait(self, began: float, seconds: float) -> None:
        """Wait until the time is over, a response has arrived, or a member has closed its connection."""
        time.sleep(max(0.0, began + SHORTEST_INTERVAL - time.monotonic()))
        left = max(0.0, began + seconds - time.monotonic())
        poll = select.poll()
        for watched in (self._woken, *self._peers.sockets):
            poll.register(watched, select.POLLIN)
        if self._woken in {descriptor for descriptor, _ in poll.poll(left * 1000)}:
            os.read(self._woken, 1024)


def guard(settings: Settings, paths: Paths, token: str) -> None:
    """Run the guard of this machine (``etcd-guard.service``)."""
    Guard(settings, paths, token, inhibitor=Inhibitor(), power_off=power_off, reconcile=reconcile_now).run()


def power_off() -> None:
    """Request an orderly shutdown. Inhibitors of other programs may still block it."""
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


def reconcile_now() -> None:
    """Update the members' addresses without waiting for the next round."""
    subprocess.run(
        ["systemctl", "try-reload-or-restart", "--no-block", "etcd-reconcile.service"], check=False
    )
