"""What a member without data shows its peers on the peer port, until etcd takes that port over."""

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

from etcd_node.bootstrap.bootstrap_rules import Decision, Kind, Report, names_own_snapshot, names_this_run
from etcd_node.etcd.transport import HttpResponse

PATH = "/founding"
"""etcd's peer port answers 404 here, which tells a running etcd from this script."""

_LARGEST = 64 * 1024
_STATES = {"blank": Kind.BLANK, "decided": Kind.DECIDED}


class BootstrapEndpoint:
    """This member's own state. A decision is accepted at most once, and only while the state is blank."""

    def __init__(self, name: str, token: str, decider: str) -> None:
        self._name = name
        self._token = token
        self._decider = decider
        self._changed = threading.Condition()
        self._instance = secrets.token_hex(16)
        self._state = "blank"
        self._decision: Decision | None = None
        self._snapshot = self._trouble = ""

    @property
    def report(self) -> Report:
        """What the peers see."""
        with self._changed:
            state = _STATES[self._state]
            return Report(state, self._instance, self._token, self._trouble, self._snapshot)

    def as_json(self) -> dict[str, str]:
        """The same, as it is sent."""
        with self._changed:
            return {
                "name": self._name,
                "token": self._token,
                "instance": self._instance,
                "state": self._state,
                "snapshot": self._snapshot,
                "trouble": self._trouble,
            }

    def prepared(self, snapshot: str, trouble: str) -> None:
        """Show which backup this member is ready to restore, or why it is not."""
        with self._changed:
            self._snapshot, self._trouble = snapshot, "" if snapshot else trouble

    def accept(self, decision: Decision, senders: Sequence[str]) -> bool:
        """Take a decision of the deciding member, if it is about this very run of the script."""
        with self._changed:
            if self._state != "blank" or self._decider not in senders or decision.token != self._token:
                return False
            if not names_this_run(decision, self._name, self._instance):
                return False
            if not names_own_snapshot(decision, self._snapshot):
                return False
            self._state, self._decision = "decided", decision
            self._changed.notify_all()
            return True

    def wait_for_decision(self, seconds: float) -> Decision | None:
        """The decision, as soon as there is one, at the latest after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._decision is not None, seconds)
            return self._decision

    def withdraw(self) -> bool:
        """Make every decision about this run void, since it is going to do something else. False: too late."""
        with self._changed:
            if self._state != "blank":
                return False
            self._instance = secrets.token_hex(16)
            return True


class BootstrapServer(ThreadingMixIn, TCPServer):
    """Serves a stand over mutual TLS. Raises ``OSError`` when the port is taken: etcd is running."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, stand: BootstrapEndpoint) -> None:
        super().__init__(address, _Handler)
        self.context = context
        self.stand = stand
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def get_request(self) -> tuple[Any, Any]:
        """Accept without a handshake, which the request's own thread does: a slow peer holds up nobody."""
        plain, address = self.socket.accept()
        plain.settimeout(5)
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A stranger's broken handshake is no news."""

    def stop(self) -> None:
        """Free the port. Requests under way are answered."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == PATH:
            self._answer(HTTPStatus.OK, _server(self.server).stand.as_json())
        else:
            self._answer(HTTPStatus.NOT_FOUND, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if self.path != PATH or length > _LARGEST:
            self._answer(HTTPStatus.NOT_FOUND, {})
            return
        decision = parse_decision(self.rfile.read(length))
        accepted = decision is not None and _server(self.server).stand.accept(decision, self._senders())
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
        """Polls by the hundred are no news."""


def _server(server: BaseServer) -> BootstrapServer:
    return cast("BootstrapServer", server)


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """A decision, as it is sent."""
    return {
        "token": decision.token,
        "instances": dict(decision.instances),
        "snapshot": decision.snapshot,
    }


def parse_decision(body: bytes) -> Decision | None:
    """The decision in a request, if it is one."""
    try:
        values = json.loads(body)
        runs = {str(name): str(run) for name, run in values["instances"].items()}
        return Decision(str(values["token"]), runs, str(values.get("snapshot", "")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def report_of(name: str, answer: HttpResponse) -> Report:
    """What a peer's answer on ``PATH`` means."""
    if answer.status != HTTPStatus.OK:
        return Report(Kind.RUNNING)
    try:
        values = answer.json()
        if values["name"] != name:
            return Report(Kind.SILENT, detail=f"{values['name']} answers at its address")
        return Report(
            _STATES[values["state"]],
            str(values["instance"]),
            str(values["token"]),
            str(values.get("trouble", "")),
            str(values.get("snapshot", "")),
        )
    except (ValueError, TypeError, KeyError):
        return Report(Kind.SILENT, detail="it answers something that this version does not know")
