"""What discovery writes and reads: the hosts file, etcd's environment, the log of Raft, the metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.etcd.local_metrics import parse_local_metrics
from etcd_node.etcd.wal import Contents, Disk, Identity, read_disk
from etcd_node.host.etcd_environment import as_text, environment, from_text, peer_url
from etcd_node.host.hosts_file import members_in, update_hosts, with_members
from etcd_node.host.journal import HEARTBEAT, Waiting
from etcd_node.host.settings import Settings

MEMBER, CLUSTER = 0x8211F1D0F64F3269, 0xB15413A1FC7C383F


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


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def message(**numbered: int | bytes) -> bytes:
    """A protobuf message: field ``f3=…`` is number 3."""
    encoded = b""
    for key, value in numbered.items():
        number = int(key[1:])
        if isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            encoded += varint(number << 3 | 2) + varint(len(value)) + value
    return encoded


def record(kind: int, payload: bytes) -> bytes:
    body = message(f1=kind, f2=12345, f3=payload)
    padding = -len(body) % 8
    length = len(body) | ((0x80 | padding) << 56 if padding else 0)
    return length.to_bytes(8, "little") + body + bytes(padding)


BEGINNING = record(4, b"") + record(1, message(f1=MEMBER, f2=CLUSTER)) + record(5, message(f1=0, f2=0))
FOUNDING = b"".join(record(2, message(f1=1, f2=1, f3=index, f4=b"member")) for index in (1, 2, 3))
VOTE = record(3, message(f1=2, f2=MEMBER, f3=3))
LEADERS_ENTRY = record(2, message(f1=0, f2=2, f3=4))
CLIENTS_ENTRY = record(2, message(f1=0, f2=2, f3=5, f4=b"put"))
REST = bytes(4096)


def disk_with(folder: Path, log: bytes) -> Disk:
    logs = folder / "member/wal"
    logs.mkdir(parents=True)
    (logs / "0000000000000000-0000000000000000.wal").write_bytes(log)
    return read_disk(folder)


@pytest.mark.parametrize(
    ("log", "contents"),
    [
        pytest.param(BEGINNING + REST, Contents.EMPTY_BOOTSTRAP_LOG, id="only begun"),
        pytest.param(
            BEGINNING + FOUNDING + VOTE + REST, Contents.EMPTY_BOOTSTRAP_LOG, id="founded and voted"
        ),
        pytest.param(
            BEGINNING + FOUNDING + VOTE + LEADERS_ENTRY + REST,
            Contents.EMPTY_BOOTSTRAP_LOG,
            id="led, nothing written",
        ),
        pytest.param(
            BEGINNING + FOUNDING + LEADERS_ENTRY + CLIENTS_ENTRY + REST, Contents.DATA, id="written"
        ),
        pytest.param(
            BEGINNING + FOUNDING + REST + CLIENTS_ENTRY, Contents.DATA, id="something behind the zeros"
        ),
        pytest.param(BEGINNING + FOUNDING + CLIENTS_ENTRY[:-9], Contents.DATA, id="torn record"),
        pytest.param(BEGINNING + FOUNDING + b"\x08\x00\x00", Contents.DATA, id="torn length"),
        pytest.param(BEGINNING + record(9, b"") + REST, Contents.DATA, id="unknown record"),
        pytest.param(record(5, message(f1=7, f2=2)) + REST, Contents.DATA, id="after a snapshot"),
        pytest.param(b"\xff" * 64, Contents.DATA, id="noise"),
    ],
)
def test_only_a_log_that_is_understood_and_holds_no_write_is_an_embryo(
    tmp_path: Path, log: bytes, contents: Contents
) -> None:
    assert disk_with(tmp_path, log).contents is contents


def test_a_log_tells_whose_it_is(tmp_path: Path) -> None:
    assert disk_with(tmp_path, BEGINNING + FOUNDING + REST).identity == Identity(MEMBER, CLUSTER)


def test_a_second_log_or_a_snapshot_is_data(tmp_path: Path) -> None:
    disk_with(tmp_path, BEGINNING + REST)
    (tmp_path / "member/snap").mkdir()
    (tmp_path / "member/snap/0000000000000002-0000000000002711.snap").touch()
    assert read_disk(tmp_path).contents is Contents.DATA


def test_no_log_is_blank_whatever_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "member/wal.tmp").mkdir(parents=True)
    assert read_disk(tmp_path) == Disk(Contents.BLANK)
    assert read_disk(tmp_path / "nowhere") == Disk(Contents.BLANK)


def test_the_metrics_tell_the_members_state() -> None:
    health = parse_local_metrics(
        "# HELP x\n"
        'etcd_server_id{server_id="8211f1d0f64f3269"} 1\n'
        "etcd_server_has_leader 1\n"
        "etcd_server_is_learner 0\n"
        "etcd_server_leader_changes_seen_total 2\n"
        'etcd_network_active_peers{Local="8211f1d0f64f3269",Remote="91bc3c398fb3c146"} 1\n'
        'etcd_network_active_peers{Local="8211f1d0f64f3269",Remote="fd422379fda50e48"} 0\n'
        "process_start_time_seconds 1.7e+09\n"
    )
    assert health is not None
    assert (health.member, health.has_leader, health.learner, health.leaders_seen) == (MEMBER, True, False, 2)
    assert health.active == {0x91BC3C398FB3C146}
    assert health.started == 1.7e9


def test_metrics_of_an_etcd_that_is_only_starting_say_nothing() -> None:
    assert parse_local_metrics("go_goroutines 7\n") is None
