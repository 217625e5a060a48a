"""The hosts file, etcd's environment file, and lines for the journal."""

from __future__ import annotations

from pathlib import Path

from etcd_node.host.etcd_environment import as_text, environment, from_text, peer_url
from etcd_node.host.hosts_file import members_in, update_hosts, with_members
from etcd_node.host.journal import HEARTBEAT, Waiting
from etcd_node.host.settings import Settings


def settings(**changed: object) -> Settings:
    values = {
        "name": "etcd-server-1.example.test",
        "token": "token-1",
        "initial_members": ("etcd-server-1.example.test",),
        "tag": "etcd-test",
        "addresses": "public",
        "api_url": "https://api.test",
        "version": "3.6.14",
        "release_url": "https://release.test",
        "release_sha256": "0" * 64,
        "volume": "",
        "heartbeat_ms": 100,
        "election_ms": 1000,
        "quota_bytes": 2147483648,
        "compaction_mode": "periodic",
        "compaction_retention": "8h",
    }
    return Settings(**{**values, **changed})  # type: ignore[arg-type]


def test_the_environment_has_every_variable_and_no_experimental_one() -> None:
    name = "etcd-server-1.example.test"
    found = environment(
        settings(),
        state="new",
        cluster={name: peer_url(name)},
        etc=Path("/etc/etcd"),
        data=Path("/var/lib/etcd/data"),
    )
    assert as_text(found) == (
        "ETCD_NAME=etcd-server-1.example.test\n"
        "ETCD_DATA_DIR=/var/lib/etcd/data\n"
        "ETCD_INITIAL_CLUSTER=etcd-server-1.example.test=https://etcd-server-1.example.test:2380\n"
        "ETCD_INITIAL_CLUSTER_STATE=new\n"
        "ETCD_INITIAL_CLUSTER_TOKEN=token-1\n"
        "ETCD_ADVERTISE_CLIENT_URLS=https://etcd-server-1.example.test:2379\n"
        "ETCD_INITIAL_ADVERTISE_PEER_URLS=https://etcd-server-1.example.test:2380\n"
        "ETCD_LISTEN_CLIENT_URLS=https://0.0.0.0:2379\n"
        "ETCD_LISTEN_PEER_URLS=https://0.0.0.0:2380\n"
        "ETCD_LISTEN_METRICS_URLS=http://127.0.0.1:2381,https://0.0.0.0:2382\n"
        "ETCD_CERT_FILE=/etc/etcd/server.pem\n"
        "ETCD_KEY_FILE=/etc/etcd/server-key.pem\n"
        "ETCD_TRUSTED_CA_FILE=/etc/etcd/ca.pem\n"
        "ETCD_CLIENT_CERT_AUTH=true\n"
        "ETCD_PEER_CERT_FILE=/etc/etcd/peer.pem\n"
        "ETCD_PEER_KEY_FILE=/etc/etcd/peer-key.pem\n"
        "ETCD_PEER_TRUSTED_CA_FILE=/etc/etcd/ca.pem\n"
        "ETCD_PEER_CLIENT_CERT_AUTH=true\n"
        "ETCD_HEARTBEAT_INTERVAL=100\n"
        "ETCD_ELECTION_TIMEOUT=1000\n"
        "ETCD_QUOTA_BACKEND_BYTES=2147483648\n"
        "ETCD_AUTO_COMPACTION_MODE=periodic\n"
        "ETCD_AUTO_COMPACTION_RETENTION=8h\n"
        "ETCD_LOGGER=zap\n"
        "ETCD_LOG_LEVEL=info\n"
    )
    assert from_text(as_text(found)) == found


def test_members_are_added_to_a_hosts_file_and_replaced_in_it() -> None:
    once = with_members("127.0.0.1 localhost", {"b": "192.0.2.2", "a": "192.0.2.1"})
    assert once.splitlines()[0] == "127.0.0.1 localhost"
    assert once.splitlines()[2:4] == ["192.0.2.1 a", "192.0.2.2 b"]
    twice = with_members(once + "192.0.2.200 mine\n", {"a": "192.0.2.9"})
    assert members_in(twice) == {"a": "192.0.2.9"}
    assert "192.0.2.200 mine" in twice
    assert with_members(twice, members_in(twice)) == twice


def test_an_unchanged_hosts_file_is_left_alone(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    assert update_hosts(hosts, {"a": "192.0.2.1"})
    before = hosts.stat()
    assert not update_hosts(hosts, {"a": "192.0.2.1"})
    assert hosts.stat() == before
    assert before.st_mode & 0o777 == 0o644


def test_a_change_of_what_is_waited_for_is_said_at_once_and_a_long_wait_again() -> None:
    now, said = [0.0], list[str]()
    waiting = Waiting(clock=lambda: now[0], write=said.append)
    for text in ("a", "a", "b"):
        waiting.on(text)
    assert said == ["a", "b"]
    now[0] = HEARTBEAT - 1
    waiting.on("b")
    now[0] = HEARTBEAT + 1
    waiting.on("b")
    assert said == ["a", "b", f"b (for {HEARTBEAT + 1:.0f} s)"]
