"""The node's S3 client against a real S3 server."""

from __future__ import annotations

import hashlib
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_node.backup import s3
from etcd_node.backup.aws_sigv4 import Keys
from etcd_node.backup.s3 import Bucket, Place, S3Error

from localcloud.machines.object_store import REGION

from .lab import NODE_PATH, eventually
from .objects import KEYS, ObjectServer

SMALLEST = 5 << 20
"""Bytes of the smallest part that S3 takes, but for the last."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    server = ObjectServer(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


def file_of(folder: Path, content: bytes) -> tuple[Path, str]:
    path = folder / "source"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def uploading(
    server: ObjectServer, source: Path, sha256: str, part: int = s3.PART
) -> subprocess.Popen[bytes]:
    """A process of its own that begins to upload a file as ``cut``."""
    (server.folder.parent / "ca.pem").write_text(server.place().ca_certificate)
    script = (
        "from pathlib import Path; from etcd_node.backup.s3 import *; "
        "from etcd_node.backup.aws_sigv4 import Keys; "
        f"place = Place('https://127.0.0.1:{server.port}', 'backups', '{REGION}', "
        f"Keys('{KEYS.access}', '{KEYS.secret}'), Path({str(server.folder.parent / 'ca.pem')!r}).read_text());"
        "print('go', flush=True);"
        f"Bucket(place, part={part}).put('cut', Path({str(source)!r}), '{sha256}', {{}})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env={"PYTHONPATH": NODE_PATH}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("size", [1, 1 << 20, (3 << 20) + 17])
def test_what_was_put_is_got(server: ObjectServer, tmp_path: Path, size: int) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(size))
    bucket = server.bucket()
    bucket.put(f"sizes/{size}", source, sha256, {"revision": "17"})
    assert bucket.size(f"sizes/{size}") == size
    assert bucket.get(f"sizes/{size}", tmp_path / "target") == sha256
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_keys_with_characters_that_are_encoded_are_the_same_everywhere(
    server: ObjectServer, tmp_path: Path
) -> None:
    key = "odd/a b+c=d&e~f$é.db"
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.put(key, source, sha256, {})
    assert [stored.key for stored in bucket.list("odd/").objects] == [key]
    bucket.delete(key)
    assert bucket.list("odd/").objects == ()


def test_a_listing_of_several_pages_is_whole(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.put("pages/0000", source, sha256, {})
    folder = server.folder / "backups/pages"
    for number in range(1, 1005):
        (folder / f"{number:04}").write_bytes(b"y")
    assert len(bucket.list("pages/").objects) == 1005


def test_the_listing_has_the_servers_time(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.put("time/x", source, sha256, {})
    listing = bucket.list("time/")
    assert abs(listing.now - listing.objects[0].modified) < 5


def test_an_upload_whose_bytes_changed_leaves_no_object(server: ObjectServer, tmp_path: Path) -> None:
    source, _ = file_of(tmp_path, b"changed")
    with pytest.raises(S3Error, match="XAmzContentSHA256Mismatch"):
        server.bucket().put("changed", source, hashlib.sha256(b"told").hexdigest(), {})
    assert server.bucket().list("changed").objects == ()


def test_an_upload_that_was_cut_off_leaves_no_object(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(64 << 20))
    process = uploading(server, source, sha256)
    killer = threading.Timer(0.1, process.kill)
    killer.start()
    assert process.wait(30) == -9, "it was faster than its killer"
    assert server.bucket().list("cut").objects == ()


def in_parts(server: ObjectServer) -> Bucket:
    """Its parts are the smallest that S3 takes."""
    return Bucket(server.place(), part=SMALLEST)


@pytest.mark.parametrize("size", [SMALLEST + 1, 2 * SMALLEST, (12 << 20) + 17])
def test_what_was_put_in_parts_is_one_object_with_its_metadata(
    server: ObjectServer, tmp_path: Path, size: int
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(size))
    in_parts(server).put(f"parts/{size}", source, sha256, {"revision": "17", "sha256": sha256})
    assert server.bucket().size(f"parts/{size}") == size
    assert server.bucket().get(f"parts/{size}", tmp_path / "target") == sha256
    assert server.metadata(f"parts/{size}") == {"revision": "17", "sha256": sha256}
    assert server.unfinished() == []


def test_a_file_that_is_not_what_it_was_told_to_be_leaves_neither_object_nor_parts(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, _ = file_of(tmp_path, os.urandom(11 << 20))
    with pytest.raises(S3Error, match="has changed since its hash was taken"):
        in_parts(server).put("changed", source, hashlib.sha256(b"told").hexdigest(), {})
    assert server.bucket().list("changed").objects == ()
    assert server.unfinished() == []


def test_a_refused_part_leaves_neither_object_nor_parts(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(11 << 20))
    read, reads = s3._blocks, list[int]()

    def damaged_on_the_way(source: Path, start: int, length: int) -> Iterator[bytes]:
        reads.append(start)
        for block in read(source, start, length):
            yield block if reads.count(SMALLEST) < 2 else bytes(len(block))

    monkeypatch.setattr(s3, "_blocks", damaged_on_the_way)
    with pytest.raises(S3Error, match="XAmzContentSHA256Mismatch"):
        in_parts(server).put("refused", source, sha256, {})
    assert reads == [0, 0, SMALLEST, SMALLEST]
    assert server.bucket().list("refused").objects == ()
    assert server.unfinished() == []


def test_parts_that_the_server_does_not_put_together_leave_no_object(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(3 << 20))
    with pytest.raises(S3Error, match="EntityTooSmall"):
        Bucket(server.place(), part=1 << 20).put("small", source, sha256, {})
    assert server.bucket().list("small").objects == ()
    assert server.unfinished() == []


def test_an_uploader_killed_between_parts_leaves_no_object_and_is_in_nobodys_way(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(64 << 20))
    process = uploading(server, source, sha256, part=SMALLEST)
    eventually("an upload has begun", lambda: server.unfinished() == ["cut"], 20)
    process.kill()
    assert process.wait(30) == -9, "it was faster than its killer"
    assert server.bucket().list("cut").objects == ()
    in_parts(server).put("cut", source, sha256, {})
    assert server.bucket().size("cut") == 64 << 20


@pytest.mark.parametrize(("keys", "code"), [
    (Keys("nobody", "owner-secret"), "InvalidAccessKeyId"), (Keys("owner", "wrong"), "SignatureDoesNotMatch"),
])  # fmt: skip
def test_a_refusal_says_which_without_the_secret(server: ObjectServer, keys: Keys, code: str) -> None:
    with pytest.raises(S3Error, match=code) as refused:
        server.bucket(keys).list("")
    assert refused.value.code == code
    assert keys.secret not in str(refused.value)


def test_a_refused_upload_says_why(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(32 << 20))
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        server.bucket(Keys("owner", "wrong")).put("refused", source, sha256, {})


def test_a_missing_object_and_a_missing_bucket_are_told_apart(server: ObjectServer, tmp_path: Path) -> None:
    with pytest.raises(S3Error, match="NoSuchKey"):
        server.bucket().get("nothing", tmp_path / "target")
    with pytest.raises(S3Error, match="NoSuchBucket"):
        Bucket(server.place(bucket="elsewhere")).list("")


def test_a_server_that_is_not_trusted_or_not_there_is_named(server: ObjectServer) -> None:
    place = server.place()
    with pytest.raises(S3Error, match="certificate of https"):
        Bucket(Place(place.endpoint, place.bucket, place.region, place.keys)).list("")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(S3Error, match="Connection refused"):
            Bucket(Place(f"https://127.0.0.1:{nobody.getsockname()[1]}", "b", "r", KEYS)).list("")


@pytest.mark.parametrize("part", [s3.PART, 64 << 20])
def test_a_large_file_takes_little_memory(server: ObjectServer, tmp_path: Path, part: int) -> None:
    """Up and down, with less memory than the file has."""
    source = tmp_path / "source"
    source.write_bytes(os.urandom(1 << 20) * 200)
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Bucket(server.place(), part=part).put("large", source, sha256, {})
    assert server.bucket().get("large", tmp_path / "target") == sha256
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10
