"""Changes of the member list go to a member that may carry them out, and etcdctl's errors keep their meaning."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from etcd_node.etcd import etcdctl
from etcd_node.etcd.client import UNMANAGED, NoQuorumError, RefusedError
from etcd_node.etcd.transport import HttpResponse, MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.settings import Paths

from tests.unit.etcd_node.certificates import certificate

MEMBERS = [MemberAddress(name, "203.0.113.1") for name in ("first", "second")]
IDS = {"first": 1, "second": 2}
ADDED = ""
UNHEALTHY = "Error: etcdserver: unhealthy cluster"
UNSTARTED = "Error: etcdserver: re-configuration failed due to not enough started members"


class Members:
    """Members whose status is known, except that of silent ones."""

    def __init__(self, *silent: str, leader: int = 1) -> None:
        self.silent = silent
        self.leader = leader

    def call_gateway(self, member: MemberAddress, *_: object, **__: object) -> HttpResponse:
        if member.name in self.silent:
            raise NoAnswerError("silence")
        values = {"header": {"member_id": str(IDS[member.name])}, "leader": str(self.leader)}
        return HttpResponse(200, json.dumps(values).encode())


def tool(paths: Paths, **endings: str) -> None:
    """Install an etcdctl that records its options, and fails for some members with these last words."""
    program = paths.program("etcdctl")
    program.parent.mkdir(parents=True)
    cases = "".join(
        f"*//{name}:*) echo '{words}' >&2; exit 1;;\n" for name, words in endings.items() if words
    )
    program.write_text(f'#!/bin/sh\necho "$@" >>{paths.root}/calls\ncase "$1" in\n{cases}esac\n')
    program.chmod(0o755)


def asked(paths: Paths) -> list[str]:
    calls = paths.root / "calls"
    return (
        [call.split("//")[1].split(":")[0] for call in calls.read_text().splitlines()]
        if calls.exists()
        else []
    )


def add(paths: Paths, members: Members) -> None:
    etcdctl.change_members(paths, cast("TlsClient", members), MEMBERS, "add", "third")


@pytest.mark.parametrize(
    ("first", "silent"), [(UNHEALTHY, ()), ("Error: context deadline exceeded", ()), (ADDED, ("first",))]
)
def test_another_member_is_asked_when_one_is_silent_or_not_connected(
    tmp_path: Path, first: str, silent: tuple[str, ...]
) -> None:
    tool(Paths(tmp_path), first=first)
    add(Paths(tmp_path), Members(*silent))
    assert asked(Paths(tmp_path)) == [name for name in IDS if name not in silent]


def test_the_leader_is_asked_first(tmp_path: Path) -> None:
    tool(Paths(tmp_path))
    add(Paths(tmp_path), Members(leader=2))
    assert asked(Paths(tmp_path)) == ["second"]


@pytest.mark.parametrize("silent", [(), ("second",)])
def test_the_refusal_counts_when_no_other_member_accepts(tmp_path: Path, silent: tuple[str, ...]) -> None:
    tool(Paths(tmp_path), first=UNHEALTHY, second=UNHEALTHY)
    with pytest.raises(RefusedError, match="unhealthy cluster"):
        add(Paths(tmp_path), Members(*silent))


def test_a_refusal_that_holds_for_the_cluster_is_not_tried_elsewhere(tmp_path: Path) -> None:
    tool(Paths(tmp_path), first=UNSTARTED)
    with pytest.raises(RefusedError, match="not enough started members"):
        add(Paths(tmp_path), Members())
    assert asked(Paths(tmp_path)) == ["first"]


def test_silence_of_all_members_is_no_quorum(tmp_path: Path) -> None:
    with pytest.raises(NoQuorumError, match="first: silence; second: silence"):
        add(Paths(tmp_path), Members("first", "second"))


def test_a_missing_etcdctl_is_said(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"No such file or directory: .*etcdctl"):
        add(Paths(tmp_path), Members())


def test_the_management_certificate_is_used_if_there_is_one(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    tool(paths)
    etcdctl.etcdctl(paths, "first", "defrag", timeout=900.0)
    paths.etc.mkdir(parents=True)
    (paths.etc / "management.pem").touch()
    etcdctl.etcdctl(paths, "first", "defrag")
    before, after = (paths.root / "calls").read_text().splitlines()
    assert (
        f"--cert={paths.etc}/server.pem --key={paths.etc}/server-key.pem --command-timeout=900.0s" in before
    )
    assert f"--cert={paths.etc}/management.pem --key={paths.etc}/management-key.pem" in after


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ("Error: context deadline exceeded", NoAnswerError, "context deadline exceeded"),
        ("Error: etcdserver: request timed out", NoAnswerError, "request timed out"),
        ("Error: etcdserver: no leader", NoAnswerError, "no leader"),
        ("Error: etcdserver: revision of auth store is old", NoAnswerError, "revision of auth store is old"),
        ("Error: etcdserver: member not found", RefusedError, "^member not found$"),
        # 3.5 has other words than 3.6 and 3.7 for a defragmentation and a snapshot.
        ("Error: etcdserver: user name is empty", RefusedError, UNMANAGED),
        ("Error: etcdserver: user name not found", RefusedError, UNMANAGED),
        ("Error: etcdserver: permission denied", RefusedError, UNMANAGED),
        (
            "Failed to defragment etcd member[https://m:2379] (rpc error: code = Unknown desc = auth: user not found)",
            RefusedError,
            UNMANAGED,
        ),
        (
            "Failed to defragment etcd member[https://m:2379]. took 6.4ms. (etcdserver: user name is empty)",
            RefusedError,
            UNMANAGED,
        ),
        ("Error: rpc error: code = Unknown desc = auth: user name is empty", RefusedError, UNMANAGED),
    ],
)
def test_etcdctls_last_words_keep_their_meaning(
    tmp_path: Path, words: str, error: type[Exception], text: str
) -> None:
    tool(Paths(tmp_path), first=words)
    with pytest.raises(error, match=text):
        etcdctl.etcdctl(Paths(tmp_path), "first", "defrag")


@pytest.mark.parametrize(("file", "days"), [("management", -1), ("server", -1), ("management", 1)])
def test_an_expired_certificate_is_named_and_not_shown(tmp_path: Path, file: str, days: int) -> None:
    paths = Paths(tmp_path)
    tool(paths)
    paths.etc.mkdir(parents=True)
    end = datetime.now(UTC) + timedelta(days=days)
    (paths.etc / f"{file}.pem").write_text(certificate(end))
    if days > 0:
        etcdctl.etcdctl(paths, "first", "defrag")
        assert asked(paths) == ["first"]
    else:
        with pytest.raises(RefusedError, match=rf"{file}.pem has expired: run pulumi up"):
            etcdctl.etcdctl(paths, "first", "defrag")
        assert not asked(paths)
