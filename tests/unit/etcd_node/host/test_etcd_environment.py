"""etcd's environment file."""

from __future__ import annotations

from pathlib import Path

from etcd_node.host.etcd_environment import etcd_environment, format_environment, parse_environment, peer_url
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


def test_the_environment_has_every_variable() -> None:
    name = "etcd-server-1.example.test"
    found = etcd_environment(
        settings(),
        state="new",
        cluster={name: peer_url(name)},
        etc=Path("/etc/etcd"),
        data=Path("/var/lib/etcd/data"),
    )
    assert format_environment(found) == (
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
        "ETCD_PEER_TRUSTED_CA_FILE=/etc/etcd/peer-ca.pem\n"
        "ETCD_PEER_CLIENT_CERT_AUTH=true\n"
        "ETCD_HEARTBEAT_INTERVAL=100\n"
        "ETCD_ELECTION_TIMEOUT=1000\n"
        "ETCD_QUOTA_BACKEND_BYTES=2147483648\n"
        "ETCD_AUTO_COMPACTION_MODE=periodic\n"
        "ETCD_AUTO_COMPACTION_RETENTION=8h\n"
        "ETCD_FEATURE_GATES=CompactHashCheck=true\n"
        "ETCD_LOGGER=zap\n"
        "ETCD_LOG_LEVEL=info\n"
    )
    assert parse_environment(format_environment(found)) == found


def test_a_stacks_flags_take_the_place_of_the_programs_own() -> None:
    flags = ["ETCD_LOG_LEVEL=warn", "ETCD_FEATURE_GATES=CompactHashCheck=true,LeaseCheckpoint=true"]
    found = etcd_environment(
        settings(flags=flags), state="new", cluster={}, etc=Path("/etc/etcd"), data=Path("/data")
    )
    assert found["ETCD_LOG_LEVEL"] == "warn"
    assert found["ETCD_FEATURE_GATES"] == "CompactHashCheck=true,LeaseCheckpoint=true"
    assert parse_environment(format_environment(found)) == found


def test_the_check_of_the_members_data_has_an_older_name_in_3_5() -> None:
    found = etcd_environment(
        settings(version="3.5.33"), state="new", cluster={}, etc=Path("/etc/etcd"), data=Path("/data")
    )
    assert found["ETCD_EXPERIMENTAL_COMPACT_HASH_CHECK_ENABLED"] == "true"
    assert "ETCD_FEATURE_GATES" not in found
