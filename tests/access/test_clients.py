"""Each client does what its permissions say, and a change of them touches no member."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from localcloud.machines.client_choice import OPERATOR
from tests.access.stack import APP, METRICS, QUIET, READER, WRITER, AccessStack, permission
from tests.nodes.certificates import make_authority

LATE = "late"
STARTED = "systemctl show -P ExecMainStartTimestampMonotonic etcd"
OUTSIDE = ("/app", "/app0", "/other/key", "\1")
"""The neighbours of the prefix ``/app/``, another key, and the first one."""
PEER_PATHS = ("/members", "/raft/probing", "/members/hashkv")


def starts(stack: AccessStack) -> Mapping[str, str]:
    """When etcd started, by member."""
    return {name: stack.on(name, STARTED) for name in stack.names}


def test_a_client_with_a_prefix_reads_and_writes_there_and_nowhere_else(stack: AccessStack) -> None:
    assert stack.may(APP, "put", "/app/key", "value")
    assert stack.as_client(APP, "etcdctl", "get", "--print-value-only", "/app/key").stdout == "value\n"
    assert stack.may(APP, "del", "--prefix", "/app/")
    for key in OUTSIDE:
        assert not stack.may(APP, "put", key, "value"), key
        assert not stack.may(APP, "get", key), key
        assert not stack.may(APP, "del", key), key
    assert not stack.may(APP, "get", "--prefix", "/")
    assert not stack.may(APP, "get", "--prefix", "")


def test_a_client_that_may_only_read_does_not_write(stack: AccessStack) -> None:
    assert stack.may(READER, "get", "--prefix", "/app/")
    assert not stack.may(READER, "put", "/app/key", "value")
    assert not stack.may(READER, "del", "/app/key")
    assert not stack.may(READER, "user", "list")
    assert not stack.may(READER, "member", "remove", "1234")


def test_a_client_without_permissions_reads_metrics_and_no_key(stack: AccessStack) -> None:
    assert not stack.may(METRICS, "get", "/app/key")
    curl = "curl --silent --cacert $ETCDCTL_CACERT --cert $ETCDCTL_CERT --key $ETCDCTL_KEY"
    read = stack.as_client(METRICS, "sh", "-c", f"{curl} https://{stack.name(1)}:2379/metrics")
    assert "etcd_server_has_leader 1" in read.stdout


def test_added_limited_and_removed_clients_touch_no_member(stack: AccessStack, tmp_path: Path) -> None:
    droplets, began, usual = stack.droplets(), starts(stack), stack.clients()
    others = [one for one in usual if one["name"] != APP]
    stack.configure(
        clients=[
            {"name": APP, "permissions": [permission("read", "/app/")]},
            {"name": LATE, "permissions": [permission("readwrite", "/late/")]},
            *others,
        ]
    )
    with stack.case("a client added, another one limited"):
        stack.up()
    assert stack.may(LATE, "put", "/late/key", "value")
    assert not stack.may(LATE, "get", "/app/key")
    assert stack.may(APP, "get", "/app/key")
    assert not stack.may(APP, "put", "/app/key", "value")

    stack.save_client(LATE, tmp_path)
    stack.configure(clients=usual)
    with stack.case("a client removed, another one's permissions restored"):
        stack.up()
    assert stack.may(APP, "put", "/app/key", "value")
    for command in (("get", "/late/key"), ("put", "/late/key", "value"), ("del", "/late/key")):
        ended = stack.with_bundle(tmp_path, *command)
        assert ended.returncode != 0
        assert "permission denied" in ended.stdout
    assert stack.droplets() == droplets
    assert starts(stack) == began
    stack.up("--expect-no-changes")


def test_a_client_of_another_authority_is_refused(stack: AccessStack, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    stack.save_client(APP, bundle)
    ca = (bundle / "ca.pem").read_bytes()
    make_authority().issue(bundle, "client", "127.0.0.1")
    (bundle / "ca.pem").write_bytes(ca)
    assert " alert " in curl(stack, f"--cert {bundle}/client.pem --key {bundle}/client-key.pem")


def test_a_client_without_a_certificate_is_refused(stack: AccessStack) -> None:
    assert " alert " in curl(stack, "")


def test_a_valid_certificate_without_a_user_opens_no_key(stack: AccessStack) -> None:
    assert not stack.may(OPERATOR, "get", "/app/key")
    assert not stack.may(OPERATOR, "put", "/app/key", "value")
    assert not stack.may(OPERATOR, "user", "list")


def test_users_and_roles_made_by_hand_are_left_alone_and_named(stack: AccessStack) -> None:
    for command in (
        ("user", "add", "byhand", "--no-password"),
        ("role", "add", "custom"),
        ("role", "grant-permission", "custom", "--prefix=true", "readwrite", "/custom/"),
        ("user", "grant-role", "byhand", "custom"),
    ):
        stack.etcdctl(*command)
    before = stack.rights()
    try:
        for said in (stack.pulumi("preview"), stack.up()):
            assert "byhand" in said
            assert "custom" in said
        assert stack.rights() == before
    finally:
        stack.etcdctl("user", "delete", "byhand")
        stack.etcdctl("role", "delete", "custom")
    assert "byhand" not in stack.up()


@pytest.mark.parametrize("client", [APP, WRITER, OPERATOR])
def test_tls_refuses_a_client_certificate_on_the_peer_port(
    stack: AccessStack, tmp_path: Path, client: str
) -> None:
    stack.save_client(client, tmp_path)
    asking, asked = stack.name(1), stack.name(2)
    # Nothing but the certificate stands between them.
    assert stack.peer_port_tells(asking, asked, "/members", "/etc/etcd", "peer").endswith("200")
    for path in PEER_PATHS:
        said = stack.peer_port_answers(tmp_path, asking, asked, path)
        assert said.endswith("000"), said
        assert " alert " in said


def test_a_member_certificate_for_clients_opens_no_peer_port(stack: AccessStack) -> None:
    said = stack.peer_port_tells(stack.name(1), stack.name(2), "/members", "/etc/etcd", "server")
    assert said.endswith("000"), said
    assert " alert " in said


def curl(stack: AccessStack, options: str) -> str:
    """What curl says of a request to the client port with these options."""
    script = f"curl {QUIET} --cacert $ETCDCTL_CACERT {options} https://{stack.name(1)}:2379/health"
    done = stack.run("sh", "-c", script)
    assert done.returncode != 0
    return done.stdout
