"""What a machine says about its member becomes words for an operator."""

from __future__ import annotations

import ssl
from typing import Any, NoReturn

import pytest

from components.api.http_client import NoAnswerError
from components.etcd import node_report
from components.etcd.node_report import NodeReport, ask_report, last_words, parse_report

TOLD: dict[str, Any] = {
    "name": "etcd-server-1.example.com",
    "clock": 1000.0,
    "unit": {"preparecluster": "inactive", "etcd": "activating"},
    "waiting": "the disk has data: starting etcd with it",
    "etcd_last": ["panic: failed to open", '{"level":"panic","msg":"failed to open","error":"crc mismatch"}'],
    "etcd_result": "exit-code",
    "etcd_exits": 7,
    "volume": {"name": "v", "mounted": True},
    "disk": {"size_bytes": 10, "free_bytes": 1 << 30, "read_only": False, "contents": "data"},
    "client": "198.51.100.10",
}


def test_an_etcd_that_ends_is_told_with_its_last_words() -> None:
    told = parse_report(TOLD, 1000.0)
    assert str(told) == (
        "its log is damaged; etcd has ended: failed to open: crc mismatch; systemd has started etcd again 7 times"
    )
    assert (told.contents, told.seen_from, told.full) == ("data", "198.51.100.10", False)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"volume": {"name": "v", "mounted": False}}, "its data volume v is not mounted"),
        ({"disk": {"free_bytes": 0}}, "its disk has only 0 MiB free"),
        ({"disk": {"errors": 2}}, "the kernel has found 2 errors in its file system"),
        (
            {"etcd_last": ["panic: tocommit(9) is out of range [lastIndex(7)]."]},
            "its data is older than what",
        ),
        ({"disk": {"read_only": True}}, "its data is on a read-only file system"),
        ({"disk": {"problem": "I/O error"}}, "its disk cannot be examined: I/O error"),
        ({"etcd_result": "oom-kill"}, "ended by systemd or the kernel: oom-kill"),
        ({"clock": 4600.0}, "its clock is 3600 s ahead"),
        ({"clock": 900.0}, "its clock is 100 s behind"),
        (
            {"unit": {"preparecluster": "activating", "etcd": "inactive"}, "waiting": "no data here"},
            "preparecluster: no data here",
        ),
        (
            {"unit": {"preparecluster": "inactive", "etcd": "inactive"}, "etcd_last": [], "etcd_exits": 0},
            "etcd is stopped",
        ),
    ],
)
def test_each_trouble_is_told(changed: dict[str, Any], words: str) -> None:
    assert words in str(parse_report({**TOLD, **changed}, 1000.0))


def test_a_running_etcd_is_not_told_with_earlier_errors() -> None:
    running = {**TOLD, "unit": {"preparecluster": "inactive", "etcd": "active"}, "etcd_exits": 0}
    assert str(parse_report(running, 1000.0)) == "etcd runs"


def test_an_etcd_without_a_leader_is_told_to_wait_for_a_quorum() -> None:
    running = {**TOLD, "unit": {"preparecluster": "inactive", "etcd": "active"}, "etcd_exits": 0}
    assert str(parse_report({**running, "leader": True}, 1000.0)) == "etcd runs"
    waiting = parse_report({**running, "leader": False}, 1000.0)
    assert str(waiting) == "etcd runs and waits for a quorum: it has no leader"


def test_contents_are_unknown_while_the_volume_is_missing() -> None:
    missing = {**TOLD, "volume": {"name": "v", "mounted": False}}
    assert parse_report(missing, 1000.0).contents == ""
    assert parse_report({**TOLD, "volume": {"name": "", "mounted": False}}, 1000.0).contents == "data"


def test_a_report_of_another_form_is_rejected() -> None:
    with pytest.raises(KeyError):
        parse_report({"unit": {}}, 1000.0)


def test_words_of_gos_runtime_count_where_etcd_logged_none() -> None:
    assert last_words(["fatal error: out of memory"]) == "fatal error: out of memory"
    assert last_words([]) == ""


def test_nothing_is_said_of_a_healthy_machine_but_that_etcd_runs() -> None:
    assert str(NodeReport("inactive", "active")) == "etcd runs"


@pytest.mark.parametrize(("accepted", "asked"), [(True, 2), (False, 1)])
async def test_only_a_machine_that_accepts_connections_is_asked_twice(
    monkeypatch: pytest.MonkeyPatch, accepted: bool, asked: int
) -> None:
    calls: list[str] = []

    async def silent(name: str, *_: object, **__: object) -> NoReturn:
        calls.append(name)
        raise NoAnswerError("no answer in time", connected=accepted)

    monkeypatch.setattr(node_report, "ask_member", silent)
    assert await ask_report("etcd-server-1.example.com", "203.0.113.1", ssl.create_default_context()) is None
    assert len(calls) == asked
