"""How a member without data becomes a member: it bootstraps the cluster with others, or joins a running one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus

from components.shared.ports import PEER_PORT
from etcd_node.bootstrap.bootstrap_rules import (
    BootstrapObservations,
    Decision,
    PeerReport,
    PeerState,
    Refusal,
    Round,
    decide,
    deciding_member,
)
from etcd_node.bootstrap.bootstrap_server import (
    PATH,
    BootstrapEndpoint,
    BootstrapServer,
    decision_as_json,
    report_from,
)
from etcd_node.bootstrap.restore import Restoration
from etcd_node.digitalocean.address_book import AddressBook, DropletAddresses, identity_problem, is_local
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusalError, RefusedError, local_members
from etcd_node.etcd.etcdctl import change_members
from etcd_node.etcd.membership import (
    Remove,
    Wait,
    bootstrap_cluster_id,
    initial_cluster,
    is_self,
    rejoin_step,
)
from etcd_node.etcd.transport import ClosedError, MemberAddress, NoAnswerError, TlsClient, server_context
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.install import InstallError, install_once
from etcd_node.host.journal import WaitLog, say
from etcd_node.host.settings import Paths, Settings

FAST_POLLING = 30.0
"""Seconds after the start of the script in which it polls other members fast."""

ANNOUNCE_LIMIT = 5.0
"""Seconds in which the deciding member tries to send its decision to every other member."""

LEARNER_KNOWN_LIMIT = 3.0
"""Seconds that a new learner waits until every member that answers has it in its list."""

ADDRESS_KNOWN_LIMIT = 60.0
"""Seconds that a new learner waits until every member knows its address. If no member knows it, etcd cannot start.

The members see the learner in their list, and list the droplets at their next reconciliation.
"""

ELECTION_LIMIT = 30.0
"""Seconds without a quorum after which an operator has to decide. Before, the members may elect a leader."""

SILENT = -1.0
"""Stands for the seconds to wait for a member that does not answer."""

SILENCE_LIMIT = 15.0
"""Seconds of a member's silence after which the droplets are listed again: its address may have changed."""

RECOVER_THERE = "run the same recover command there as well"

ASK_OPERATOR = "an operator must decide which data to keep, see docs/recovery.md"

Start = tuple[str, Mapping[str, str]]
"""``ETCD_INITIAL_CLUSTER_STATE``, and the peer URLs for ``ETCD_INITIAL_CLUSTER``."""


class JoiningMember:
    """A member without data, until its etcd may start. ``become_member`` does the work.

    One whose ``state`` is ``remains`` has data without a log, and only joins.
    """

    def __init__(
        self,
        settings: Settings,
        paths: Paths,
        *,
        client: TlsClient,
        address_book: AddressBook,
        wait_log: WaitLog,
        write_addresses: Callable[[DropletAddresses], None],
        can_start: Callable[[], bool],
        restoration: Restoration,
        state: str,
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._client = client
        self._address_book = address_book
        self._wait_log = wait_log
        self._write_addresses = write_addresses
        self._can_start = can_start
        self._restoration = restoration
        self._began = self._last_quorum = time.monotonic()
        self._last_answers: dict[str, float] = {}
        self._deciding_member = deciding_member(settings.initial_members)
        self._endpoint = BootstrapEndpoint(settings.name, settings.token, self._deciding_member, state)
        self._threads = ThreadPoolExecutor(16)
        self._has_etcdctl = False

    def become_member(self) -> Start:
        """Return how etcd starts. This waits as long as it takes."""
        server = self._open_endpoint()
        try:
            while True:
                if (decision := self._endpoint.wait_for_decision(0)) is not None:
                    members = " and ".join(sorted(decision.instances))
                    say(f"{self._deciding_member} bootstraps the cluster with {members}")
                    return self._start_new(decision)
                if (start := self._try_once()) is not None:
                    return start
                self._endpoint.wait_for_decision(self._pause())
        finally:
            server.stop()
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _open_endpoint(self) -> BootstrapServer:
        context = server_context(self._paths.etc, "peer")
        while True:
            try:
                return BootstrapServer((self._settings.listen, PEER_PORT), context, self._endpoint)
            except OSError as error:
                self._wait_log.report(
                    f"port {PEER_PORT} is in use ({error.strerror}): waiting for etcd to stop"
                )
                time.sleep(1)

    def _try_once(self) -> Start | None:
        """Observe all members once, and bootstrap or join if that is possible now."""
        addresses = self._current_addresses()
        if addresses is None:
            return None
        reports = self._observe(addresses)
        running = [peer for peer, report in reports.items() if report.state is PeerState.RUNNING]
        if running:
            return self._join([MemberAddress(peer, addresses.by_name[peer]) for peer in running])
        self._last_quorum = time.monotonic()
        return self._bootstrap(addresses, reports)

    def _current_addresses(self) -> DropletAddresses | None:
        """Return the members' addresses, or ``None`` while they or this droplet's identity are in doubt."""
        if (
            self._address_book.refresh(missing=self._misses_somebody())
            and self._address_book.addresses is not None
        ):
            self._write_addresses(self._address_book.addresses)
        addresses = self._address_book.addresses
        if addresses is None:
            self._wait_log.report(
                f"no data here; waiting for the members' addresses: {self._address_book.problem}"
            )
            return None
        if (problem := identity_problem(addresses, self._settings.name, is_local)) is not None:
            self._wait_log.report(problem)
            return None
        return addresses

    def _bootstrap(self, addresses: DropletAddresses, reports: Round) -> Start | None:
        """Bootstrap if the rules allow it and this is the deciding member. All others wait for its decision."""
        name = self._settings.name
        if name not in self._settings.initial_members:
            others = ", ".join(f"{peer} {report}" for peer, report in sorted(reports.items()) if peer != name)
            self._wait_log.report(f"no data here; waiting for a cluster to join: {others}")
            return None
        if self._restoration.wanted and not self._is_ready_to_restore(reports):
            return None
        outcome = decide(self._observations(reports, reports))
        if isinstance(outcome, Decision) and name == self._deciding_member:
            outcome = decide(self._observations(reports, self._observe(addresses)))
        if isinstance(outcome, Refusal):
            self._wait_log.report(f"no data here; waiting to bootstrap: {outcome.reason}")
            return None
        if name != self._deciding_member:
            self._wait_log.report(
                f"no initial member has data: waiting for {self._deciding_member} to bootstrap"
            )
            return None
        return self._announce(addresses, outcome)

    def _observe(self, addresses: DropletAddresses) -> Round:
        """Ask all other members for their reports, all at the same time."""
        names = {*self._settings.initial_members, *addresses.by_name} - {self._settings.name}
        asked = {name: self._threads.submit(self._report, name, addresses) for name in names}
        reports = {name: report.result() for name, report in asked.items()}
        now = time.monotonic()
        self._last_answers.update(
            {name: now for name, report in reports.items() if report.state is not PeerState.SILENT}
        )
        return {**reports, self._settings.name: self._endpoint.report}

    def _report(self, name: str, addresses: DropletAddresses) -> PeerReport:
        if name in addresses.duplicates:
            return PeerReport(PeerState.SILENT, detail="two droplets have its name")
        if name not in addresses.by_name:
            return PeerReport(PeerState.SILENT, detail="not in the DigitalOcean listing")
        try:
            answer = self._client.request_peer(
                MemberAddress(name, addresses.by_name[name]),
                "GET",
                PATH,
                connect_timeout=0.25 if self._polls_fast() else 2.0,
            )
        except ClosedError:
            # It runs and does not know our address yet. It lists the droplets when we are in its member list.
            return PeerReport(PeerState.RUNNING)
        except NoAnswerError as error:
            return PeerReport(PeerState.SILENT, detail=str(error))
        return report_from(name, answer)

    def _observations(self, first: Round, second: Round) -> BootstrapObservations:
        return BootstrapObservations(
            self._settings.token,
            self._settings.initial_members,
            sorted(set(second) - set(self._settings.initial_members)),
            first,
            second,
            restores=self._restoration.wanted,
            snapshot=self._restoration.ready,
        )

    def _is_ready_to_restore(self, reports: Round) -> bool:
        """Fetch the backup that the deciding member chose. The deciding member itself chooses one."""
        chosen = reports[self._deciding_member]
        if self._settings.name != self._deciding_member and not chosen.snapshot:
            why = chosen.detail or "it has not fetched one yet"
            self._wait_log.report(
                f"no data here; waiting for {self._deciding_member} to choose a backup: {why}"
            )
            return False
        if not self._can_start():
            self._wait_log.report("no data here; waiting for the installation of etcd")
            return False
        self._restoration.prepare("" if self._settings.name == self._deciding_member else chosen.snapshot)
        self._endpoint.show_snapshot(self._restoration.ready, self._restoration.problem)
        if not self._restoration.ready:
            self._wait_log.report(f"no data here; waiting for the backup: {self._restoration.problem}")
        return bool(self._restoration.ready)

    def _start_new(self, decision: Decision) -> Start:
        cluster = {name: peer_url(name) for name in decision.instances}
        if decision.snapshot:
            self._restoration.restore(decision.snapshot, cluster)
        return "new", cluster

    def _announce(self, addresses: DropletAddresses, decision: Decision) -> Start | None:
        """Send the decision to the other members, and start if a quorum accepts it.

        Fewer members could not elect a leader, so this member then voids the decision and tries again.
        """
        peers = [
            MemberAddress(name, addresses.by_name[name])
            for name in decision.instances
            if name != self._settings.name
        ]
        deadline = time.monotonic() + ANNOUNCE_LIMIT
        sent = [self._threads.submit(self._send, peer, decision, deadline) for peer in peers]
        count = 1 + sum(accepted.result() for accepted in sent)
        if count <= len(decision.instances) // 2:
            self._endpoint.withdraw()
            self._wait_log.report("no quorum accepted the bootstrap: trying again")
            return None
        say(f"bootstrapping the cluster: {count} of {len(decision.instances)} members start now")
        return self._start_new(decision)

    def _send(self, peer: MemberAddress, decision: Decision, deadline: float) -> bool:
        while time.monotonic() < deadline:
            try:
                answer = self._client.request_peer(peer, "POST", PATH, decision_as_json(decision))
            except NoAnswerError:
                time.sleep(0.1)
                continue
            return answer.status == HTTPStatus.OK
        return False

    def _join(self, running: Sequence[MemberAddress]) -> Start | None:
        """Take the next step to join the running cluster, and report why it is impossible, if it is."""
        try:
            return self._take_step(ClusterClient(self._client, running), running)
        except (RefusalError, RefusedError, InstallError) as error:
            self._wait_log.report(f"no data here; waiting to join the cluster: {error}")
        except NoQuorumError as error:
            hint = f" ({RECOVER_THERE})" if self._settings.recovered else ""
            self._wait_log.report(
                f"no data here; waiting for a quorum to join: {error}"
                if time.monotonic() - self._last_quorum < ELECTION_LIMIT
                else f"no data here; no quorum to join ({error}): {ASK_OPERATOR}{hint}"
            )
        return None

    def _take_step(self, cluster: ClusterClient, running: Sequence[MemberAddress]) -> Start | None:
        """Remove the old member of this name, or add this one. After an interruption the list tells which."""
        name = self._settings.name
        confirmed = cluster.list_members()
        self._last_quorum = time.monotonic()
        if self._settings.recovered and confirmed.cluster != bootstrap_cluster_id(self._settings):
            peers = " and ".join(peer.name for peer in running)
            self._wait_log.report(
                f"no data here; the cluster from before the recovery runs on {peers}: {RECOVER_THERE}"
            )
            return None
        step = rejoin_step(name, confirmed)
        if isinstance(step, Wait):
            self._wait_log.report(f"no data here; waiting to join the cluster: {step.reason}")
            return None
        if not self._can_start():
            self._wait_log.report("no data here; waiting for the installation of etcd, to join the cluster")
            return None
        # Without data, the tools are installed after etcd's start. Until then each call would unpack them anew.
        if not self._has_etcdctl:
            install_once(self._settings, self._paths, ["etcdctl"])
            self._has_etcdctl = True
        if not self._endpoint.withdraw():
            return None
        if isinstance(step, Remove):
            self._change(running, "remove", f"{step.member:x}")
            say(f"removed member {step.member:x} from the cluster: it is this member before it lost its data")
            return None
        self._paths.joining.touch()
        learner = ["--learner"] if step.learner else []
        self._change(running, "add", name, f"--peer-urls={peer_url(name)}", *learner)
        confirmed = cluster.list_members()
        for member in confirmed.members:
            if is_self(name, member):
                say(f"added to the cluster as {'learner' if member.learner else 'voter'} {member.id:x}")
                self._wait_until_known(member.id, running)
                return "existing", initial_cluster(name, confirmed)
        return None

    def _change(self, running: Sequence[MemberAddress], *command: str) -> None:
        try:
            change_members(self._paths, self._client, running, *command)
        except NoQuorumError as error:
            # A quorum has just confirmed the list, so the next try may succeed.
            raise RefusedError(str(error)) from None

    def _wait_until_known(self, member: int, running: Sequence[MemberAddress]) -> None:
        """Wait until all running members list this one, and know its address.

        etcd asks any one of them for the list when it starts, and exits if that one does not know it yet.
        """
        began = time.monotonic()
        while True:
            limits = {*self._threads.map(partial(self._limit, member), running)}
            if time.monotonic() - began >= max(limits) and limits - {SILENT} != {ADDRESS_KNOWN_LIMIT}:
                return
            rejected = ADDRESS_KNOWN_LIMIT in limits
            if rejected:
                self._wait_log.report("waiting until the members know the address of this droplet")
            time.sleep(1 if rejected else 0.05)

    def _limit(self, member: int, peer: MemberAddress) -> float:
        """For how many seconds to wait until a member knows this one. ``SILENT`` if it does not answer."""
        try:
            known = any(listed.id == member for listed in local_members(self._client, peer))
        except ClosedError:
            return ADDRESS_KNOWN_LIMIT
        except NoAnswerError:
            return SILENT
        return 0.0 if known else LEARNER_KNOWN_LIMIT

    def _misses_somebody(self) -> bool:
        """Whether the droplets should be listed again, because an initial member is missing or silent."""
        addresses = self._address_book.addresses
        if addresses is None or identity_problem(addresses, self._settings.name, is_local) is not None:
            return True
        expected = set(self._settings.initial_members) - {self._settings.name}
        if not expected <= set(addresses.by_name) or addresses.duplicates:
            return True
        now = time.monotonic()
        return any(now - self._last_answers.get(name, self._began) > SILENCE_LIMIT for name in expected)

    def _polls_fast(self) -> bool:
        return time.monotonic() - self._began < FAST_POLLING

    def _pause(self) -> float:
        return 0.1 if self._polls_fast() else 1.0
