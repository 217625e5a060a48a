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

from components.shared import s3
from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import Bucket, BucketAccess, S3Error
from localcloud.machines.object_store import REGION

from .lab import NODE_PATH, eventually
from .objects import KEY, ObjectServer

SMALLEST = 5 << 20
"""Bytes of the smallest part that S3 takes. The last part may be smaller."""


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
    """Start a process that uploads a file as ``cut``."""
    (server.folder.parent / "ca.pem").write_text(server.access().ca_certificate)
    script = (
        "from pathlib import Path; from components.shared.s3 import *; "
        "from components.shared.aws_sigv4 import AccessKey; "
        f"access = BucketAccess('https://127.0.0.1:{server.port}', 'backups', '{REGION}', "
        f"AccessKey('{KEY.id}', '{KEY.secret}'), Path({str(server.folder.parent / 'ca.pem')!r}).read_text());"
        "print('go', flush=True);"
        f"Bucket(access, part={part}).upload('cut', Path({str(source)!r}), '{sha256}', {{}})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env={"PYTHONPATH": NODE_PATH}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("size", [1, 1 << 20, (3 << 20) + 17])
def test_a_downloaded_object_is_what_was_uploaded(server: ObjectServer, tmp_path: Path, size: int) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(size))
    bucket = server.bucket()
    bucket.upload(f"sizes/{size}", source, sha256, {"revision": "17"})
    assert bucket.size(f"sizes/{size}") == size
    assert bucket.download(f"sizes/{size}", tmp_path / "target") == sha256
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_keys_with_encoded_characters_are_the_same_in_all_requests(
    server: ObjectServer, tmp_path: Path
) -> None:
    key = "odd/a b+c=d&e~f$é.db"
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.upload(key, source, sha256, {})
    assert [stored.key for stored in bucket.list("odd/").objects] == [key]
    bucket.delete(key)
    assert bucket.list("odd/").objects == ()


def test_a_listing_of_several_pages_is_complete(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.upload("pages/0000", source, sha256, {})
    folder = server.folder / "backups/pages"
    for number in range(1, 1005):
        (folder / f"{number:04}").write_bytes(b"y")
    assert len(bucket.list("pages/").objects) == 1005


def test_the_listing_has_the_servers_time(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, b"x")
    bucket = server.bucket()
    bucket.upload("time/x", source, sha256, {})
    listing = bucket.list("time/")
    assert abs(listing.now - listing.objects[0].modified) < 5


def test_an_upload_whose_bytes_changed_leaves_no_object(server: ObjectServer, tmp_path: Path) -> None:
    source, _ = file_of(tmp_path, b"changed")
    with pytest.raises(S3Error, match="XAmzContentSHA256Mismatch"):
        server.bucket().upload("changed", source, hashlib.sha256(b"other").hexdigest(), {})
    assert server.bucket().list("changed").objects == ()


def test_an_interrupted_upload_leaves_no_object(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(64 << 20))
    process = uploading(server, source, sha256)
    killer = threading.Timer(0.1, process.kill)
    killer.start()
    assert process.wait(30) == -9, "it ended before it was killed"
    assert server.bucket().list("cut").objects == ()


def in_parts(server: ObjectServer) -> Bucket:
    """A client with the smallest parts that S3 takes."""
    return Bucket(server.access(), part=SMALLEST)


@pytest.mark.parametrize("size", [SMALLEST + 1, 2 * SMALLEST, (12 << 20) + 17])
def test_an_upload_in_parts_gives_one_object_with_its_metadata(
    server: ObjectServer, tmp_path: Path, size: int
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(size))
    in_parts(server).upload(f"parts/{size}", source, sha256, {"revision": "17", "sha256": sha256})
    assert server.bucket().size(f"parts/{size}") == size
    assert server.bucket().download(f"parts/{size}", tmp_path / "target") == sha256
    assert server.metadata(f"parts/{size}") == {"revision": "17", "sha256": sha256}
    assert server.unfinished() == []


def test_a_file_that_changed_leaves_neither_object_nor_parts(server: ObjectServer, tmp_path: Path) -> None:
    source, _ = file_of(tmp_path, os.urandom(11 << 20))
    with pytest.raises(S3Error, match="changed after its hash was computed"):
        in_parts(server).upload("changed", source, hashlib.sha256(b"other").hexdigest(), {})
    assert server.bucket().list("changed").objects == ()
    assert server.unfinished() == []


def test_a_rejected_part_leaves_neither_object_nor_parts(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(11 << 20))
    read, reads = s3._read_blocks, list[int]()

    def damaged_in_transit(source: Path, start: int, length: int) -> Iterator[bytes]:
        reads.append(start)
        for block in read(source, start, length):
            yield block if reads.count(SMALLEST) < 2 else bytes(len(block))

    monkeypatch.setattr(s3, "_read_blocks", damaged_in_transit)
    with pytest.raises(S3Error, match=r"XAmzContentSHA256Mismatch|BadDigest"):
        in_parts(server).upload("refused", source, sha256, {})
    assert reads == [0, 0, SMALLEST, SMALLEST]
    assert server.bucket().list("refused").objects == ()
    assert server.unfinished() == []


def test_parts_that_the_server_does_not_assemble_leave_no_object(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(3 << 20))
    with pytest.raises(S3Error, match="EntityTooSmall"):
        Bucket(server.access(), part=1 << 20).upload("small", source, sha256, {})
    assert server.bucket().list("small").objects == ()
    assert server.unfinished() == []


def test_an_upload_killed_between_parts_leaves_no_object_and_no_lock(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(64 << 20))
    process = uploading(server, source, sha256, part=SMALLEST)
    eventually("an upload has begun", lambda: server.unfinished() == ["cut"], 20)
    process.kill()
    assert process.wait(30) == -9, "it ended before it was killed"
    assert server.bucket().list("cut").objects == ()
    in_parts(server).upload("cut", source, sha256, {})
    assert server.bucket().size("cut") == 64 << 20


@pytest.mark.parametrize(("key", "code"), [
    (AccessKey("nobody", "owner-secret"), "InvalidAccessKeyId"), (AccessKey("owner", "wrong"), "SignatureDoesNotMatch"),
])  # fmt: skip
def test_an_error_has_the_servers_reason_and_no_secret(
    server: ObjectServer, key: AccessKey, code: str
) -> None:
    with pytest.raises(S3Error, match=code) as refused:
        server.bucket(key).list("")
    assert refused.value.code == code
    assert key.secret not in str(refused.value)


def test_a_rejected_upload_reports_the_servers_reason(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = file_of(tmp_path, os.urandom(32 << 20))
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        server.bucket(AccessKey("owner", "wrong")).upload("refused", source, sha256, {})


def test_a_missing_object_and_a_missing_bucket_give_different_errors(
    server: ObjectServer, tmp_path: Path
) -> None:
    with pytest.raises(S3Error, match="NoSuchKey"):
        server.bucket().download("nothing", tmp_path / "target")
    with pytest.raises(S3Error, match="NoSuchBucket"):
        Bucket(server.access(bucket="elsewhere")).list("")


def test_an_untrusted_or_unreachable_server_is_reported(server: ObjectServer) -> None:
    access = server.access()
    with pytest.raises(S3Error, match="certificate of https"):
        Bucket(BucketAccess(access.endpoint, access.bucket, access.region, access.key)).list("")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(S3Error, match="Connection refused"):
            Bucket(BucketAccess(f"https://127.0.0.1:{nobody.getsockname()[1]}", "b", "r", KEY)).list("")


@pytest.mark.parametrize("part", [s3.PART, 64 << 20])
def test_a_large_file_needs_little_memory(server: ObjectServer, tmp_path: Path, part: int) -> None:
    """Upload and download with less memory than the file's size."""
    source = tmp_path / "source"
    source.write_bytes(os.urandom(1 << 20) * 200)
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Bucket(server.access(), part=part).upload("large", source, sha256, {})
    assert server.bucket().download("large", tmp_path / "target") == sha256
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10
