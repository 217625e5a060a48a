"""What counts as silence of a member, and what as an answer."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from etcd_node.bootstrap.bootstrap_server import BootstrapEndpoint
from etcd_node.digitalocean.api import Droplet
from etcd_node.etcd.client import UNMANAGED
from etcd_node.etcd.local_metrics import LocalMetrics
from etcd_node.etcd.transport import HttpResponse, MemberAddress, NoAnswerError
from etcd_node.host.settings import Paths, Settings
from etcd_node.recovery import survey
from etcd_node.recovery.survey import SILENCES, MemberObservation, MemberState


@pytest.mark.parametrize(
    "error", [errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENETUNREACH, errno.EHOSTUNREACH]
)
def test_a_packet_that_was_never_sent_has_no_answer(error: int) -> None:
    assert os.strerror(error) in SILENCES


@pytest.mark.parametrize("error", [errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE])
def test_what_only_the_other_machine_can_do_is_an_answer(error: int) -> None:
    assert os.strerror(error) not in SILENCES


ME, OTHER = "etcd-server-1.example.test", "etcd-server-2.example.test"
REFUSED = NoAnswerError(os.strerror(errno.ECONNREFUSED))
LATE = NoAnswerError("no answer in time")
SETTINGS = Settings(
    **{
        **dict.fromkeys(Settings.__dataclass_fields__, ""),
        "name": ME,
        "initial_members": tuple(f"etcd-server-{number}.example.test" for number in range(1, 6)),
    }
)


def report(unit: str, contents: str, *, mounted: bool = True) -> dict[str, Any]:
    """What a member's machine answers on ``/status``."""
    return {
        "unit": {"etcd": unit, "preparecluster": "inactive"},
        "etcd_last": ["panic: crc mismatch"],
        "etcd_result": "exit-code",
        "volume": {"name": "data", "mounted": mounted},
        "disk": {"contents": contents},
    }


class Machine:
    """A client that gets from each port of the other member what the test says."""

    def __init__(
        self,
        peer: HttpResponse | NoAnswerError,
        exporter: dict[str, Any] | NoAnswerError = REFUSED,
        gateway: HttpResponse | None = None,
    ) -> None:
        self.peer = peer
        self.exporter = exporter
        self.gateway = gateway

    def request_peer(self, member: MemberAddress, *_: object) -> HttpResponse:
        if member.name == ME or isinstance(self.peer, NoAnswerError):
            raise self.peer if isinstance(self.peer, NoAnswerError) else REFUSED
        return self.peer

    def request_exporter(self, *_: object) -> HttpResponse:
        if isinstance(self.exporter, NoAnswerError):
            raise self.exporter
        return HttpResponse(200, json.dumps(self.exporter).encode())

    def call_gateway(self, *_: object, **__: object) -> HttpResponse:
        if self.gateway is None:
            raise LATE
        return self.gateway


def observe(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None = 2
) -> tuple[MemberObservation, ...]:
    """Survey a cluster that was founded with five members, and has two droplets now."""
    return whole_survey(machine, tmp_path, monkeypatch, size).others


def whole_survey(
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int | None,
    metrics: LocalMetrics | None = None,
) -> survey.Survey:
    """The same with ``metrics`` of this member's own etcd."""
    monkeypatch.setattr(survey, "read_local_metrics", lambda _: metrics)
    monkeypatch.setattr(survey, "TlsClient", lambda _: machine)
    paths = Paths(tmp_path)
    paths.hosts.parent.mkdir()
    paths.hosts.write_text("")
    droplets = [Droplet(number, name, "192.0.2.1", False) for number, name in enumerate((ME, OTHER), 1)]
    return survey.survey_members(SETTINGS, paths, lambda: droplets, lambda: size)


@pytest.mark.parametrize(
    ("machine", "state", "detail"),
    [
        (Machine(HttpResponse(404, b"")), MemberState.REFUSES, "no answer in time"),
        (Machine(LATE), MemberState.SILENT, "no answer in time"),
        (Machine(LATE, report("active", "data")), MemberState.REFUSES, ""),
        (Machine(LATE, report("failed", "data")), MemberState.STOPPED, "panic: crc mismatch"),
        (Machine(REFUSED), MemberState.STOPPED, ""),
        (Machine(REFUSED, report("failed", "data")), MemberState.STOPPED, "panic: crc mismatch"),
        (Machine(REFUSED, report("failed", "no data")), MemberState.BLANK, "panic: crc mismatch"),
        (
            Machine(REFUSED, report("failed", "no data", mounted=False)),
            MemberState.STOPPED,
            "panic: crc mismatch",
        ),
        (
            Machine(
                HttpResponse(200, json.dumps(BootstrapEndpoint(OTHER, "", ME, "remains").as_json()).encode())
            ),
            MemberState.STOPPED,
            "has data without a log",
        ),
    ],
    ids=[
        "it answers as a peer, and not as a server",
        "nothing answers",
        "its machine says that etcd runs",
        "its machine says that etcd ended",
        "its machine refuses",
        "its machine says that it has data",
        "its machine says that it has no data",
        "its volume is missing",
        "its log is lost",
    ],
)
def test_the_state_of_a_member_follows_what_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine, state: MemberState, detail: str
) -> None:
    assert observe(machine, tmp_path, monkeypatch) == (MemberObservation(OTHER, state, detail),)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"leader": True}, MemberState.HAS_LEADER),
        ({"leader": False}, MemberState.NO_LEADER),
        ({}, MemberState.REFUSES),
        (None, MemberState.REFUSES),
    ],
)
def test_metrics_show_a_leader_where_authentication_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any] | None, state: MemberState
) -> None:
    exporter = REFUSED if told is None else report("active", "data") | told
    machine = Machine(
        HttpResponse(404, b""), exporter, HttpResponse(400, b"CommonName of client sending a request")
    )
    (observed,) = observe(machine, tmp_path, monkeypatch)
    assert observed.state is state
    assert observed.detail.startswith(UNMANAGED)


@pytest.mark.parametrize(("size", "others"), [(2, 1), (4, 3), (None, 4)])
def test_members_that_no_run_makes_again_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None, others: int
) -> None:
    assert len(observe(Machine(REFUSED), tmp_path, monkeypatch, size)) == others


@pytest.mark.parametrize(
    ("has_leader", "learner", "quorum"), [(True, False, [ME]), (True, True, []), (False, False, [])]
)
def test_this_members_own_leader_shows_a_quorum_that_answers_nobody(
    has_leader: bool, learner: bool, quorum: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = HttpResponse(400, b"CommonName of client sending a request against gateway will be ignored")
    metrics = LocalMetrics(1, has_leader, 1, learner, frozenset(), 0.0)
    seen = whole_survey(Machine(REFUSED, gateway=refused), tmp_path, monkeypatch, 1, metrics)
    assert seen.quorum == quorum
    assert UNMANAGED in seen.refusal
