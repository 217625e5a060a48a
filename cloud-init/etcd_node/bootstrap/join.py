"""A member without data: it founds the cluster with the others, or joins the one that runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from etcd_node.bootstrap import bootstrap_rules as founding
from etcd_node.bootstrap.bootstrap_rules import BootstrapObservations, Decision, Kind, Refusal, Report, Round
from etcd_node.bootstrap.bootstrap_server import (
    PATH,
    BootstrapEndpoint,
    BootstrapServer,
    decision_as_json,
    report_of,
)
from etcd_node.bootstrap.restore import Restoration
from etcd_node.digitalocean.address_book import AddressBook, Book, is_local, trouble_with_self
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, local_members
from etcd_node.etcd.membership import Remove, Wait, bootstrap_cluster_id, initial_cluster, rejoin_step
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, server_context
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.journal import Waiting, say
from etcd_node.host.settings import PEER_PORT, Paths, Settings

HURRY = 30.0
"""Seconds after its beginning for which the script looks around quickly."""

ANNOUNCE = 5.0
"""Seconds for which the deciding member tries to tell every other member of its decision."""

SETTLE = 3.0
"""Seconds for which a new learner waits until every member that answers has heard of it."""

RELIST = 15.0
"""Seconds of a member's silence after which the listing may know a newer address of it."""

UNTOLD = "recover from the same backup there as well, by the same command"

RECOVERY = "only an operator can tell which data is to live: see docs/recovery.md"


class JoiningMember:
    """Runs until etcd may start: ``become_member`` returns how."""

    def __init__(
        self,
        settings: Settings,
        places: Paths,
        *,
        client: TlsClient,
        directory: AddressBook,
        waiting: Waiting,
        learn_addresses: Callable[[Book], None],
        can_start: Callable[[], bool],
        restoration: Restoration,
    ) -> None:
        self._settings = settings
        self._places = places
        self._client = client
        self._directory = directory
        self._waiting = waiting
        self._learn_addresses = learn_addresses
        self._can_start = can_start
        self._restoration = restoration
        self._began = time.monotonic()
        self._heard: dict[str, float] = {}
        self._decider = founding.decider(settings.initial_members)
        self._stand = BootstrapEndpoint(settings.name, settings.token, self._decider)
        self._threads = ThreadPoolExecutor(16)

    def become_member(self) -> tuple[str, Mapping[str, str]]:
        """``ETCD_INITIAL_CLUSTER_STATE``, and the peer URLs for ``ETCD_INITIAL_CLUSTER``."""
        server = self._open_stand()
        try:
            while True:
                if (decision := self._stand.wait_for_decision(0)) is not None:
                    say(f"{self._decider} founds the cluster with {' and '.join(sorted(decision.instances))}")
                    return self._start(decision)
                if (start := self._progress()) is not None:
                    return start
                self._stand.wait_for_decision(self._pause())
        finally:
            server.stop()
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _open_stand(self) -> BootstrapServer:
        context = server_context(self._places.etc, "peer")
        while True:
            try:
                return BootstrapServer((self._settings.listen, PEER_PORT), context, self._stand)
            except OSError as error:
                self._waiting.on(f"port {PEER_PORT} is taken ({error.strerror}): waiting for etcd to stop")
                time.sleep(1)

    def _progress(self) -> tuple[str, Mapping[str, str]] | None:
        """One look around and what follows from it."""
        name = self._settings.name
        if self._directory.refresh(missing=self._misses_somebody()) and self._directory.book is not None:
            self._learn_addresses(self._directory.book)
        book = self._directory.book
        if book is None:
            self._waiting.on(
                f"no data here, and the other members are not known yet: {self._directory.trouble}"
            )
            return None
        if (trouble := trouble_with_self(book, name, is_local)) is not None:
            self._waiting.on(trouble)
            return None
        seen = self._look(book)
        running = [peer for peer, report in seen.items() if report.kind is Kind.RUNNING]
        if running:
            return self._rejoin([MemberAddress(peer, book.addresses[peer]) for peer in running])
        if name not in self._settings.initial_members:
            self._waiting.on("no data here, and no other member runs: waiting for a cluster to join")
            return None
        if self._restoration.wanted and not self._is_ready_to_restore(seen):
            return None
        outcome = founding.decide(self._sight(seen, seen))
        if isinstance(outcome, Decision) and name == self._decider:
            outcome = founding.decide(self._sight(seen, self._look(book)))
        if isinstance(outcome, Refusal):
            self._waiting.on(
                f"no data here, and {outcome.reason}: waiting rather than founding a second cluster"
            )
            return None
        if name != self._decider:
            self._waiting.on(f"every founding member is here and has no data: waiting for {self._decider}")
            return None
        return self._found(book, outcome)

    def _look(self, book: Book) -> Round:
        """Ask every other member at once what it is."""
        names = {*self._settings.initial_members, *book.addresses} - {self._settings.name}
        asked = {name: self._threads.submit(self._report, name, book) for name in names}
        seen = {name: report.result() for name, report in asked.items()}
        now = time.monotonic()
        self._heard.update({name: now for name, report in seen.items() if report.kind is not Kind.SILENT})
        return {**seen, self._settings.name: self._stand.report}

    def _report(self, name: str, book: Book) -> Report:
        if name in book.doubled:
            return Report(Kind.SILENT, detail="two droplets have its name")
        if name not in book.addresses:
            return Report(Kind.SILENT, detail="not in the DigitalOcean listing")
        try:
            answer = self._client.request_peer(
                MemberAddress(name, book.addresses[name]),
                "GET",
                PATH,
                connect_timeout=0.25 if self._in_a_hurry() else 2.0,
            )
        except NoAnswerError as error:
            return Report(Kind.SILENT, detail=str(error))
        return report_of(name, answer)

    def _sight(self, first: Round, second: Round) -> BootstrapObservations:
        others = sorted(set(second) - set(self._settings.initial_members))
        return BootstrapObservations(
            self._settings.token,
            self._settings.initial_members,
            others,
            first,
            second,
            restores=self._restoration.wanted,
            snapshot=self._restoration.ready,
        )

    def _is_ready_to_restore(self, seen: Round) -> bool:
        """Get the snapshot that the deciding member has, which itself chooses."""
        chosen = seen[self._decider]
        if self._settings.name != self._decider and not chosen.snapshot:
            why = chosen.detail or "it has not fetched a snapshot yet"
            self._waiting.on(f"no data here, and no backup to begin with: {self._decider}: {why}")
            return False
        if not self._can_start():
            self._waiting.on("no data here: waiting for etcd to be installed")
            return False
        self._restoration.prepare("" if self._settings.name == self._decider else chosen.snapshot)
        self._stand.prepared(self._restoration.ready, self._restoration.trouble)
        if not self._restoration.ready:
            self._waiting.on(f"no data here, and no founding: {self._restoration.trouble}")
        return bool(self._restoration.ready)

    def _start(self, decision: Decision) -> tuple[str, Mapping[str, str]]:
        cluster = {name: peer_url(name) for name in decision.instances}
        if decision.snapshot:
            self._restoration.restore(decision.snapshot, cluster)
        return "new", cluster

    def _found(self, book: Book, decision: Decision) -> tuple[str, Mapping[str, str]] | None:
        """Tell the others. With fewer than a quorum no leader could be elected: then it was no founding."""
        peers = [
            MemberAddress(name, book.addresses[name])
            for name in decision.instances
            if name != self._settings.name
        ]
        give_up = time.monotonic() + ANNOUNCE
        told = [self._threads.submit(self._announce, peer, decision, give_up) for peer in peers]
        count = 1 + sum(accepted.result() for accepted in told)
        if count <= len(decision.instances) // 2:
            self._stand.withdraw()
            self._waiting.on("too few members could be told of the founding: beginning anew")
            return None
        say(f"founding the cluster: {count} of {len(decision.instances)} members start now")
        return self._start(decision)

    def _announce(self, peer: MemberAddress, decision: Decision, give_up: float) -> bool:
        while time.monotonic() < give_up:
            try:
                answer = self._client.request_peer(peer, "POST", PATH, decision_as_json(decision))
            except NoAnswerError:
                time.sleep(0.1)
                continue
            return answer.status == HTTPStatus.OK
        return False

    def _rejoin(self, running: Sequence[MemberAddress]) -> tuple[str, Mapping[str, str]] | None:
        """Remove the old self, add a new one. Interrupted anywhere, it begins from the list again."""
        name = self._settings.name
        cluster = ClusterClient(self._client, running)
        try:
            confirmed = cluster.list_members()
            if self._settings.recovered and confirmed.cluster != bootstrap_cluster_id(self._settings):
                peers = " and ".join(peer.name for peer in running)
                self._waiting.on(
                    f"no data here, and {peers} still in the cluster that was given up: {UNTOLD}"
                )
                return None
            step = rejoin_step(name, confirmed)
            if isinstance(step, Wait):
                self._waiting.on(f"no data here, joining the cluster: {step.reason}")
                return None
            if not self._can_start():
                self._waiting.on("no data here, and a cluster to join: waiting for etcd to be installed")
                return None
            if not self._stand.withdraw():
                return None
            if isinstance(step, Remove):
                cluster.remove(step.member)
                say(f"removed this member's old self, {step.member:x}, whose data is gone, from the cluster")
                return None
            self._places.joining.touch()
            member, confirmed = cluster.add_learner(peer_url(name))
        except NoQuorumError as error:
            untold = f" ({UNTOLD})" if self._settings.recovered else ""
            self._waiting.on(f"no data here, and there is no quorum to join ({error}): {RECOVERY}{untold}")
            return None
        except RefusedError as error:
            self._waiting.on(f"no data here, and the cluster cannot take this member in yet: {error}")
            return None
        say(f"added to the cluster as learner {member:x}")
        self._settle(member, running)
        return "existing", initial_cluster(name, confirmed)

    def _settle(self, member: int, running: Sequence[MemberAddress]) -> None:
        """etcd asks any one member for the list and gives up when that one has not heard of it yet."""
        give_up = time.monotonic() + SETTLE
        while time.monotonic() < give_up:
            asked = [self._threads.submit(self._knows, peer, member) for peer in running]
            if all(known.result() for known in asked):
                return
            time.sleep(0.05)

    def _knows(self, peer: MemberAddress, member: int) -> bool:
        try:
            return any(listed.id == member for listed in local_members(self._client, peer))
        except NoAnswerError:
            return True

    def _misses_somebody(self) -> bool:
        book = self._directory.book
        if book is None or trouble_with_self(book, self._settings.name, is_local) is not None:
            return True
        expected = set(self._settings.initial_members) - {self._settings.name}
        if not expected <= set(book.addresses) or book.doubled:
            return True
        now = time.monotonic()
        return any(now - self._heard.get(name, self._began) > RELIST for name in expected)

    def _in_a_hurry(self) -> bool:
        return time.monotonic() - self._began < HURRY

    def _pause(self) -> float:
        return 0.1 if self._in_a_hurry() else 1.0
