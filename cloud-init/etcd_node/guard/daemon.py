"""Beside etcd, for ever: refuse this machine's shutdown while the cluster cannot spare it.

The rules are in ``sparing.py``. While all is well, one small request to each member every three seconds and the end
of a connection are all that is looked at, and the DigitalOcean API is asked nothing.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable

from etcd_node.digitalocean.address_book import is_local
from etcd_node.digitalocean.markers import own_droplet, read_markers, was_pressed
from etcd_node.digitalocean.sync_hosts import learn
from etcd_node.etcd.transport import TlsClient
from etcd_node.guard.background_poll import BackgroundPoll
from etcd_node.guard.inhibitor import Inhibitor
from etcd_node.guard.peer_health import PeerHealth, PeerObservation
from etcd_node.guard.shutdown_policy import (
    REPLACED,
    ShutdownFacts,
    first_question,
    holds,
    needed,
    oldest_press,
    pace,
    pause,
    released,
)
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

BREATH = 0.1
"""Seconds between looks at the least, whatever happens."""

FRESH = 60.0
"""Seconds for which an answer of the API counts, should later questions fail."""

LISTEN_ON = 15.0
"""Seconds after letting go in which a press that came before is looked for: the API may show it late."""

LISTEN_PACE = 5.0
"""Seconds between these looks."""


class Guard:
    """One droplet's veto. ``inhibitor``, ``power_off`` and ``refresh`` stand for the machine in tests."""

    def __init__(
        self,
        settings: Settings,
        places: Paths,
        token: str,
        *,
        inhibitor: Inhibitor,
        power_off: Callable[[], object],
        refresh: Callable[[], object],
    ) -> None:
        self._settings = settings
        self._places = places
        self._token = token
        self._inhibitor = inhibitor
        self._power_off = power_off
        self._refresh = refresh
        self._neighbours = PeerHealth(settings, places, TlsClient(places.etc))
        self._woken, wake = os.pipe2(os.O_NONBLOCK)
        self._markers = BackgroundPoll(
            lambda: read_markers(settings, token),
            unknown="not known whether the cluster is being torn down, so a shutdown stays refused",
            wake=wake,
        )
        self._press = BackgroundPoll(
            self._look_for_press, unknown="not known whether a shutdown was refused", wake=wake
        )
        self._moves = BackgroundPoll(
            lambda: learn(settings, places, token),
            unknown="the members' addresses stay as they are",
            wake=wake,
        )
        self._droplet: int | None = None
        self.settled = False
        """Whether this machine has seen itself healthy."""
        self._troubled_since: float | None = None
        self._held_since = 0.0
        self._let_go_at: float | None = None
        self._said: str | None = None

    def run(self) -> None:
        """Never returns."""
        while True:
            self.pass_round()

    def pass_round(self) -> None:
        """Look, act and wait."""
        began = time.monotonic()
        self._wait(began, self._act())

    def _act(self) -> float:
        """One look and what follows from it; the seconds until the next one."""
        view = self._neighbours.look()
        self.settled = self.settled or view.healthy
        if view.changed:
            # A member that joins without data connects by itself, and is sent a snapshot to the address that is
            # known here.
            self._places.run.mkdir(parents=True, exist_ok=True)
            self._places.moved.touch()
            self._refresh()
        # On what is known, before anything is asked: a press may be on its way.
        facts = self._decide(view)
        trouble = self._trouble(facts)
        if trouble is not None and not view.removed and trouble >= first_question(self.settled):
            seconds = pace(trouble, len(view.others) + 1)
            self._markers.pursue(seconds)
            if trouble < REPLACED:
                self._moves.pursue(seconds)
            self._decide(view)
        self._answer_press()
        return pause(trouble)

    def _trouble(self, facts: ShutdownFacts) -> float | None:
        """For how many seconds the cluster has not been able to spare this machine; ``None`` when it can."""
        if needed(facts) is None:
            self._troubled_since = None
            return None
        now = time.monotonic()
        if self._troubled_since is None:
            self._troubled_since = now
        return now - self._troubled_since

    def _decide(self, view: PeerObservation) -> ShutdownFacts:
        answer = self._markers.answer
        facts = ShutdownFacts(
            member=view.member,
            removed=view.removed,
            sick=view.sick,
            irreplaceable=not view.others and not self._settings.volume,
            markers=answer.value if answer and time.monotonic() - answer.at < FRESH else None,
        )
        reason = holds(facts)
        if reason is not None:
            self._hold(reason, view)
        elif self._inhibitor.held:
            self._let_go(released(facts))
        return facts

    def _hold(self, reason: str, view: PeerObservation) -> None:
        if not self._inhibitor.held:
            self._held_since = time.time()
            self._let_go_at = None
        if not self._inhibitor.hold(reason):
            reason = f"{reason}, but logind takes no inhibitor"
        if reason != self._said:
            seen = "; ".join(f"{name}: {text}" for name, text in sorted(view.sick.items()))
            warn(f"a shutdown of this machine is refused: {reason}{f' ({seen})' if seen else ''}")
            self._said = reason

    def _let_go(self, why: str | None) -> None:
        self._inhibitor.release()
        say(f"a shutdown of this machine is possible again: {why or 'the cluster can spare it'}")
        self._said = None
        # Not when health has come back: whoever pressed has given up, or has pressed at two members.
        self._let_go_at = time.monotonic() if why else None

    def _answer_press(self) -> None:
        """Carry out a press that came while this machine refused."""
        if self._let_go_at is None or time.monotonic() - self._let_go_at > LISTEN_ON:
            return
        self._press.pursue(LISTEN_PACE)
        answer = self._press.answer
        if answer is not None and answer.at >= self._let_go_at and answer.value:
            say("powering off: a shutdown was asked for while it was refused")
            self._let_go_at = None
            self._power_off()

    def _look_for_press(self) -> bool:
        if self._droplet is None:
            self._droplet = own_droplet(self._settings, self._token, is_local)
        since = oldest_press(self._held_since, time.time())
        return was_pressed(self._settings, self._token, self._droplet, since)

    def _wait(self, began: float, seconds: float) -> None:
        """Until it is time, an answer has come, or a connection to a member has ended."""
        time.sleep(max(0.0, began + BREATH - time.monotonic()))
        left = max(0.0, began + seconds - time.monotonic())
        poll = select.poll()
        for watched in (self._woken, *self._neighbours.sockets):
            poll.register(watched, select.POLLIN)
        if self._woken in {descriptor for descriptor, _ in poll.poll(left * 1000)}:
            os.read(self._woken, 1024)


def guard(settings: Settings, places: Paths, token: str) -> None:
    """What ``etcd-guard.service`` runs."""
    Guard(
        settings, places, token, inhibitor=Inhibitor(), power_off=power_off, refresh=refresh_addresses
    ).run()


def power_off() -> None:
    """Ask for an orderly shutdown, which other programs' inhibitors may still refuse."""
    subprocess.run(["systemctl", "poweroff", "--no-block"], check=False)


def refresh_addresses() -> None:
    """Look now where the members are, and not at the timer's next turn."""
    subprocess.run(["systemctl", "start", "--no-block", "etcd-reconcile.service"], check=False)
