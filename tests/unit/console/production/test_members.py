"""What the operator's machine knows of members, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.config.access_settings import Client, Permission
from components.etcd.member_status import AUTHENTICATION, Cause, MemberStatus, NoStatus, Observation
from components.etcd.node_report import NodeReport
from console.production.client_choice import client_for_looking, only_reads
from console.production.etcd import Etcd, certificate_ends, parse_metrics
from console.production.members import addresses_of, describe_members
from console.view.members import Member
from tests.unit.console.statuses import healthy_status

NAMES = [f"etcd-server-{number}.example.com" for number in (1, 2, 3)]
METRICS = """\
# HELP etcd_server_is_leader Whether or not this member is a leader.
etcd_server_has_leader 1
etcd_server_is_leader 1
etcd_server_is_learner 0
etcd_server_quota_backend_bytes 2.147483648e+09
etcd_mvcc_db_total_size_in_bytes 20480
etcd_server_version{server_version="3.6.16"} 1
etcd_network_peer_sent_bytes_total{To="1a"} 7
"""


def droplet(number: int, **differing: Any) -> dict[str, Any]:
    networks = {
        "v4": [
            {"type": "public", "ip_address": f"203.0.113.{number}"},
            {"type": "private", "ip_address": f"10.0.0.{number}"},
        ]
    }
    listed = {"id": number, "name": NAMES[number - 1], "status": "active", "networks": networks}
    return {**listed, **differing}


def status(number: int, **differing: Any) -> MemberStatus:
    return healthy_status(number, NAMES, **differing)


def described(observations: Mapping[int, Observation], etcd: Etcd | None = None) -> list[Member]:
    etcd = etcd or Etcd()
    etcd.observations = {NAMES[number - 1]: seen for number, seen in observations.items()}
    return describe_members(NAMES, [droplet(number) for number in (1, 2, 3)], etcd, {})


def test_what_nobody_has_asked_for_is_unknown() -> None:
    (first, *_) = describe_members(NAMES, None, Etcd(), {})
    known = {"name": NAMES[0], "number": 1, "problem": "not asked yet"}
    assert first.model_dump() == {**dict.fromkeys(Member.model_fields), **known}


def test_healthy_members_have_roles_and_versions() -> None:
    members = described({number: status(number) for number in (1, 2, 3)})
    assert [member.role for member in members] == ["leader", "follower", "follower"]
    assert [member.healthy for member in members] == [True] * 3
    assert {member.version for member in members} == {"3.6.16"}


def test_what_only_the_machine_and_its_cloud_know_is_unknown() -> None:
    members = described({number: status(number) for number in (1, 2, 3)})
    assert {(member.shutdown, member.cut_off) for member in members} == {(None, None)}


def test_a_member_that_does_not_answer_says_why_by_its_machine() -> None:
    etcd = Etcd(reports={NAMES[1]: NodeReport("activating", "inactive", waiting="waiting for etcd-server-3")})
    refused = NoStatus("refused", Cause.REFUSED)
    member = described({1: status(1), 2: refused, 3: status(3)}, etcd)[1]
    assert (member.healthy, member.problem, member.role) == (False, "refused", "waiting")
    assert member.waiting_for == "waiting for etcd-server-3"


def test_a_member_whose_machine_says_nothing_has_no_role() -> None:
    member = described({1: status(1), 2: NoStatus("silent", Cause.SILENT), 3: status(3)})[1]
    assert (member.healthy, member.role, member.waiting_for) == (False, None, None)


def test_members_of_which_none_answers_are_unknown_and_not_ill() -> None:
    silent = NoStatus("silent", Cause.SILENT)
    members = described(dict.fromkeys((1, 2, 3), silent))
    assert {(member.healthy, member.problem) for member in members} == {
        (None, "no packet came back from any member")
    }


def test_with_authentication_the_metrics_tell_the_state() -> None:
    hidden = status(1, problem=AUTHENTICATION, version="", voters=frozenset(), ids={}, leader="")
    follower = METRICS.replace("is_leader 1", "is_leader 0")
    lost = METRICS.replace("has_leader 1", "has_leader 0")
    etcd = Etcd(metrics=dict(zip(NAMES, map(parse_metrics, (METRICS, follower, lost)), strict=True)))
    members = described(dict.fromkeys((1, 2, 3), hidden), etcd)
    assert [member.healthy for member in members] == [True, True, False]
    assert [member.role for member in members][:2] == ["leader", "follower"]
    assert members[0].version == "3.6.16"


def test_with_authentication_and_no_metrics_the_state_is_unknown() -> None:
    hidden = status(1, problem=AUTHENTICATION)
    assert described({1: hidden})[0].healthy is None


def test_the_size_and_the_quota_are_whole_bytes() -> None:
    etcd = Etcd(metrics={NAMES[0]: parse_metrics(METRICS)})
    member = described({1: status(1)}, etcd)[0]
    assert (member.database_bytes, member.quota_bytes) == (20480, 2 << 30)


def test_text_that_is_no_metrics_tells_nothing() -> None:
    assert parse_metrics("") is None


def test_the_ends_of_certificates_are_read_by_their_names() -> None:
    family = "etcd_node_certificate_not_after_timestamp_seconds"
    text = (
        f'# HELP {family} x\n{family}{{certificate="server"}} 1827385252\n{family}{{certificate="ca"}} 2e9\n'
    )
    assert certificate_ends(text) == {"server": 1827385252.0, "ca": 2e9}


def test_without_a_droplet_a_listed_member_is_absent() -> None:
    members = describe_members(NAMES, [droplet(1), droplet(2, status="off")], Etcd(), {})
    assert [member.power for member in members] == ["active", "off", "absent"]


def test_of_two_droplets_with_one_name_the_newer_counts() -> None:
    members = describe_members(NAMES, [droplet(1, id=9, status="off"), droplet(1)], Etcd(), {})
    assert (members[0].droplet_id, members[0].power) == (9, "off")


def test_members_are_asked_where_they_are_listed() -> None:
    recorded = {NAMES[0]: "203.0.113.99"}
    assert addresses_of(recorded, [droplet(1)], "public") == {NAMES[0]: "203.0.113.1"}
    assert addresses_of(recorded, [droplet(1)], "private") == {NAMES[0]: "10.0.0.1"}
    assert addresses_of(recorded, None, "public") == recorded


READ = Permission(access="read", prefix="")
OUTPUTS = {
    "caCertificate": "CA",
    "clientCertificate": "OPERATOR",
    "clientKey": "KEY",
    "client-viewer-certificate": "VIEWER",
    "client-viewer-key": "VIEWER KEY",
}


@pytest.mark.parametrize(
    ("clients", "certificate"),
    [
        ([], "OPERATOR"),
        ([Client(name="viewer", permissions=(READ,))], "VIEWER"),
        ([Client(name="viewer")], "VIEWER"),
        ([Client(name="viewer", root=True)], "OPERATOR"),
        ([Client(name="viewer", permissions=(Permission(access="write", prefix=""),))], "OPERATOR"),
        ([Client(name="other")], "OPERATOR"),
    ],
    ids=["none", "reads", "nothing", "root", "writes", "no outputs"],
)
def test_a_client_that_only_reads_comes_before_the_operator(clients: list[Client], certificate: str) -> None:
    texts = client_for_looking(OUTPUTS, clients)
    assert texts is not None
    assert texts.certificate == certificate
    assert "KEY" not in repr(texts)


def test_a_stack_without_a_cluster_has_no_certificate() -> None:
    assert client_for_looking({}, []) is None


def test_a_client_that_writes_one_key_does_not_only_read() -> None:
    assert not only_reads(Client(name="one", permissions=(READ, Permission(access="readwrite", key="a"))))
