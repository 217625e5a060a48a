"""The bootstrap endpoint: a member without data shows its state on the peer port until etcd needs that port."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, TCPServer, ThreadingMixIn
from typing import Any, cast

from etcd_node.bootstrap.bootstrap_rules import (
    Decision,
    PeerReport,
    PeerState,
    names_own_snapshot,
    names_this_run,
)
from etcd_node.etcd.transport import HttpResponse

# Its old name: members that run an earlier version of this program must be able to bootstrap with this one.
PATH = "/founding"
"""The path of the endpoint. etcd's own peer port answers 404 here, so 404 means that etcd runs."""

NOT_ETCD = HTTPStatus.SERVICE_UNAVAILABLE
"""The answer to requests for etcd. A member sends a lease's renewal to the member that it takes for the leader, and
takes 404 for the lease's end (``RenewHTTP`` in etcd's server/lease/leasehttp)."""

_MAX_BODY = 64 * 1024
_STATES = {"blank": PeerState.BLANK, "remains": PeerState.REMAINS, "decided": PeerState.DECIDED}
"""The words for the states. A member with an earlier version takes a word that it does not know for silence."""


class BootstrapEndpoint:
    """This member's state. It accepts at most one decision, and only while its state is blank."""

    def __init__(self, name: str, token: str, deciding_member: str, state: str = "blank") -> None:
        self._name = name
        self._token = token
        self._deciding_member = deciding_member
        self._changed = threading.Condition()
        self._instance = secrets.token_hex(16)
        self._state = state
        self._decision: Decision | None = None
        self._snapshot = self._problem = ""

    @property
    def report(self) -> PeerReport:
        """The state as a report, as other members get it."""
        with self._changed:
            state = _STATES[self._state]
            return PeerReport(state, self._instance, self._token, self._problem, self._snapshot)

    def as_json(self) -> dict[str, str]:
        """The state as it is sent to other members."""
        with self._changed:
            return {
                "name": self._name,
                "token": self._token,
                "instance": self._instance,
                "state": self._state,
                "snapshot": self._snapshot,
                "trouble": self._problem,
            }

    def show_snapshot(self, snapshot: str, problem: str) -> None:
        """Show which backup this member is ready to restore, or why it has none."""
        with self._changed:
            self._snapshot, self._problem = snapshot, "" if snapshot else problem

    def accept(self, decision: Decision, senders: Sequence[str]) -> bool:
        """Accept a decision if it comes from the deciding member and names this run and this snapshot."""
        with self._changed:
            if (
                self._state != "blank"
                or self._deciding_member not in senders
                or decision.token != self._token
            ):
                return False
            if not names_this_run(decision, self._name, self._instance):
                return False
            if not names_own_snapshot(decision, self._snapshot):
                return False
            self._state, self._decision = "decided", decision
            self._changed.notify_all()
            return True

    def wait_for_decision(self, seconds: float) -> Decision | None:
        """Return the decision as soon as there is one, or ``None`` after this many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._decision is not None, seconds)
            return self._decision

    def withdraw(self) -> bool:
        """Take a new instance, which voids all decisions about this run. Returns ``False`` after a decision."""
        with self._changed:
            if self._state == "decided":
                return False
            self._instance = secrets.token_hex(16)
            return True


class BootstrapServer(ThreadingMixIn, TCPServer):
    """Serves a bootstrap endpoint over mutual TLS. Raises ``OSError`` while etcd uses the port."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], context: ssl.SSLContext, endpoint: BootstrapEndpoint
    ) -> None:
        super().__init__(address, _Handler)
        self.context = context
        self.endpoint = endpoint
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection. The handshake follows in the request's thread, so a slow peer delays nobody."""
        plain, address = self.socket.accept()
        plain.settimeout(5)
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore failed handshakes: anybody can cause them."""

    def stop(self) -> None:
        """Free the port. Requests in progress are answered."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == PATH:
            self._answer(HTTPStatus.OK, _server(self.server).endpoint.as_json())
        else:
            self._answer(NOT_ETCD, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if self.path != PATH or length > _MAX_BODY:
            self._answer(NOT_ETCD, {})
            return
        decision = parse_decision(self.rfile.read(length))
        accepted = decision is not None and _server(self.server).endpoint.accept(decision, self._senders())
        self._answer(HTTPStatus.OK if accepted else HTTPStatus.CONFLICT, {})

    def _senders(self) -> list[str]:
        certificate = cast("dict[str, Any]", self.connection.getpeercert() or {})
        return [name for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS"]

    def _answer(self, status: HTTPStatus, body: dict[str, str]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: members poll several times a second."""


def _server(server: BaseServer) -> BootstrapServer:
    return cast("BootstrapServer", server)


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as it is sent to other members."""
    return {
        "token": decision.token,
        "instances": dict(decision.instances),
        "snapshot": decision.snapshot,
    }


def parse_decision(body: bytes) -> Decision | None:
    """Return the decision in a request, or ``None`` if the request has none."""
    try:
        values = json.loads(body)
        runs = {str(name): str(run) for name, run in values["instances"].items()}
        return Decision(str(values["token"]), runs, str(values.get("snapshot", "")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def report_from(name: str, answer: HttpResponse) -> PeerReport:
    """Return the report in a peer's answer to a request of ``PATH``."""
    if answer.status != HTTPStatus.OK:
        return PeerReport(PeerState.RUNNING)
    try:
        values = answer.json()
        if values["name"] != name:
            return PeerReport(PeerState.SILENT, detail=f"{values['name']} answers at its address")
        return PeerReport(
            _STATES[values["state"]],
            str(values["instance"]),
            str(values["token"]),
            str(values.get("trouble", "")),
            str(values.get("snapshot", "")),
        )
    except (ValueError, TypeError, KeyError):
        return PeerReport(PeerState.SILENT, detail="its answer has an unknown format")
