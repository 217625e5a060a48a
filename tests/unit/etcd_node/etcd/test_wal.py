"""Reading etcd's write-ahead log: empty bootstrap logs, data and damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_node.etcd.wal import Contents, Disk, Identity, read_disk

MEMBER, CLUSTER = 0x8211F1D0F64F3269, 0xB15413A1FC7C383F


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
BOOTSTRAP = b"".join(record(2, message(f1=1, f2=1, f3=index, f4=b"member")) for index in (1, 2, 3))
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
        pytest.param(BEGINNING + REST, Contents.EMPTY_BOOTSTRAP_LOG, id="no entry"),
        pytest.param(
            BEGINNING + BOOTSTRAP + VOTE + REST, Contents.EMPTY_BOOTSTRAP_LOG, id="bootstrap and vote"
        ),
        pytest.param(
            BEGINNING + BOOTSTRAP + VOTE + LEADERS_ENTRY + REST,
            Contents.EMPTY_BOOTSTRAP_LOG,
            id="a leader without a write",
        ),
        pytest.param(
            BEGINNING + BOOTSTRAP + LEADERS_ENTRY + CLIENTS_ENTRY + REST, Contents.DATA, id="a write"
        ),
        pytest.param(BEGINNING + BOOTSTRAP + REST + CLIENTS_ENTRY, Contents.DATA, id="bytes after the zeros"),
        pytest.param(BEGINNING + BOOTSTRAP + CLIENTS_ENTRY[:-9], Contents.DATA, id="incomplete record"),
        pytest.param(BEGINNING + BOOTSTRAP + b"\x08\x00\x00", Contents.DATA, id="incomplete length"),
        pytest.param(BEGINNING + record(9, b"") + REST, Contents.DATA, id="unknown record"),
        pytest.param(record(5, message(f1=7, f2=2)) + REST, Contents.DATA, id="after a snapshot"),
        pytest.param(b"\xff" * 64, Contents.DATA, id="noise"),
        pytest.param(b"", Contents.DATA, id="cut off before its first record"),
        pytest.param(REST, Contents.DATA, id="zeros alone"),
        pytest.param(BEGINNING[:16], Contents.DATA, id="cut off before its identity"),
    ],
)
def test_only_a_log_without_writes_is_an_empty_bootstrap_log(
    tmp_path: Path, log: bytes, contents: Contents
) -> None:
    assert disk_with(tmp_path, log).contents is contents


def test_a_log_has_the_ids_of_its_member_and_cluster(tmp_path: Path) -> None:
    assert disk_with(tmp_path, BEGINNING + BOOTSTRAP + REST).identity == Identity(MEMBER, CLUSTER)


def test_a_log_that_cannot_be_read_is_data(tmp_path: Path) -> None:
    # As root, nothing else than a directory cannot be read.
    (tmp_path / "member/wal/0000000000000000-0000000000000000.wal").mkdir(parents=True)
    assert read_disk(tmp_path) == Disk(Contents.DATA)


def test_a_second_log_or_a_snapshot_is_data(tmp_path: Path) -> None:
    disk_with(tmp_path, BEGINNING + REST)
    (tmp_path / "member/snap").mkdir()
    (tmp_path / "member/snap/0000000000000002-0000000000002711.snap").touch()
    assert read_disk(tmp_path).contents is Contents.DATA


def test_a_disk_without_a_log_is_blank(tmp_path: Path) -> None:
    (tmp_path / "member/wal.tmp").mkdir(parents=True)
    assert read_disk(tmp_path) == Disk(Contents.BLANK)
    assert read_disk(tmp_path / "nowhere") == Disk(Contents.BLANK)


def written(folder: Path, name: str, content: bytes) -> Disk:
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return read_disk(folder / "data")


NEW_DATABASE = bytes(16384) + b"meta" + bytes(1 << 20)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/member/snap/db", bytes(16384) + b"key" + bytes(1 << 20)),
        ("data/member/snap/db", NEW_DATABASE + b"x"),
        ("data/member/snap/0000000000000002-0000000000002711.snap", b"snapshot"),
        ("data/member/wal/0.tmp", b""),
        ("data/#12", b"found"),
        ("lost+found/#12", b"found"),
        ("lost+found/#13/db", b"found"),
    ],
)
def test_a_disk_whose_log_is_lost_is_not_blank(tmp_path: Path, name: str, content: bytes) -> None:
    assert written(tmp_path, name, content) == Disk(Contents.REMAINS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/member/snap/db", NEW_DATABASE),
        ("data/member/snap/db", b""),
        ("data/member/wal.tmp/0.wal", b"begun"),
        ("data/member/.touch", b""),
    ],
)
def test_a_disk_on_which_etcd_only_began_to_start_is_blank(tmp_path: Path, name: str, content: bytes) -> None:
    assert written(tmp_path, name, content) == Disk(Contents.BLANK)


@pytest.mark.parametrize("closed", ["data", "data/member", "lost+found", "lost+found/#12"])
def test_a_disk_with_a_directory_that_cannot_be_listed_is_not_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / closed).mkdir(parents=True, exist_ok=True)
    assert read_disk(tmp_path / "data") == Disk(Contents.BLANK)
    listed = Path.iterdir

    def refused(folder: Path) -> Iterator[Path]:
        # Root could list it.
        if folder == tmp_path / closed:
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert read_disk(tmp_path / "data") == Disk(Contents.REMAINS)
