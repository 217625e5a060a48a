"""Requests to an S3 server: the headers that are sent and signed, and listings that do not end."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from components.backups.operator_bucket import OperatorBucket
from components.config.backup_settings import BackupTarget
from components.shared.api_errors import USER_AGENT
from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import Bucket, BucketAccess, S3Error
from tests.nodes.certificates import make_authority

ENCRYPTION = {"x-amz-server-side-encryption": "AES256"}
PAGE = "<ListBucketResult><IsTruncated>true</IsTruncated>{}</ListBucketResult>"
CREATED = "<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>"


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def signed(self) -> list[str]:
        """Names of the signed headers."""
        return self.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")


@dataclass
class Store:
    """A server that accepts every request, and answers listings with the given pages."""

    url: str = ""
    date: str | None = None
    """The header ``Date`` of each answer; ``None`` sends none."""
    pages: list[str] = field(default_factory=list[str])
    requests: list[Request] = field(default_factory=list[Request])
    server: ThreadingHTTPServer | None = None

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        assert self.server is not None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def bucket(self, part: int = 1 << 20, upload_headers: Mapping[str, str] | None = None) -> Bucket:
        access = BucketAccess(
            self.url, "b", "r", AccessKey("id", "secret"), upload_headers=upload_headers or {}
        )
        return Bucket(access, part=part)


@pytest.fixture
def store() -> Iterator[Store]:
    kept = Store()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            kept.requests.append(Request(self.command, self.path, self.headers, body))
            text = CREATED if self.path.endswith("uploads=") else "<nothing/>"
            if self.command == "GET":
                text = kept.pages.pop(0)
            self.send_response_only(200)
            if kept.date is not None:
                self.send_header("Date", kept.date)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        kept.server = server
        kept.url = f"http://127.0.0.1:{server.server_port}"
        yield kept
        server.shutdown()


def upload(bucket: Bucket, folder: Path, content: bytes) -> None:
    source = folder / "source"
    source.write_bytes(content)
    bucket.upload("key", source, hashlib.sha256(content).hexdigest(), {"revision": "17"})


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()  # noqa: S324


def test_an_object_has_the_hash_that_object_lock_demands(store: Store, tmp_path: Path) -> None:
    upload(store.bucket(), tmp_path, b"content")
    (put,) = store.requests
    assert (put.method, put.body) == ("PUT", b"content")
    assert put.headers["Content-MD5"] == md5(b"content")
    assert {"content-length", "content-md5"} <= {*put.signed}


def test_each_part_has_the_hash_that_object_lock_demands(store: Store, tmp_path: Path) -> None:
    upload(store.bucket(part=4), tmp_path, b"content")
    parts = [request for request in store.requests if request.method == "PUT"]
    assert [part.headers["Content-MD5"] for part in parts] == [md5(b"cont"), md5(b"ent")]


def test_uploads_begin_with_the_headers_that_a_policy_demands(store: Store, tmp_path: Path) -> None:
    for part in (1 << 20, 4):
        upload(store.bucket(part, ENCRYPTION), tmp_path, b"content")
    demanded = {(one.method, one.path.partition("?")[2][:7]) for one in store.requests if begins(one)}
    # S3 refuses these headers with a part, and with the request that assembles the parts.
    assert demanded == {("PUT", ""), ("POST", "uploads")}
    assert all("x-amz-server-side-encryption" in one.signed for one in store.requests if begins(one))


def begins(request: Request) -> bool:
    return request.headers["x-amz-server-side-encryption"] == "AES256"


def test_only_the_length_of_a_body_is_signed(store: Store, tmp_path: Path) -> None:
    upload(store.bucket(part=4), tmp_path, b"content")
    store.bucket().delete("key")
    lengths = {
        request.method + request.path.partition("?")[2][:7]: (
            request.headers["Content-Length"],
            "content-length" in request.signed,
        )
        for request in store.requests
        if not request.body
    }
    # Without a length, some servers refuse a POST, and a proxy may remove one of 0.
    assert lengths == {"POSTuploads": ("0", False), "DELETE": (None, False)}
    assert all("content-length" in request.signed for request in store.requests if request.body)


def test_every_request_has_the_projects_user_agent(store: Store, tmp_path: Path) -> None:
    upload(store.bucket(part=4), tmp_path, b"content")
    assert {request.headers["User-Agent"] for request in store.requests} == {USER_AGENT}


@pytest.mark.parametrize(
    "page",
    [
        '<html xmlns="http://www.w3.org/1999/xhtml"><body>Sign in</body></html>',
        "<ListBucketResult><Contents><Key>k</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>?</Size></Contents></ListBucketResult>",
    ],
    ids=["a page for people", "no time", "no size"],
)
def test_an_answer_that_is_no_listing_is_an_error(store: Store, page: str) -> None:
    store.pages = [page]
    with pytest.raises(S3Error, match=f"^{store.url} does not answer like an S3 server: "):
        store.bucket().list("prefix")


@pytest.mark.parametrize("hours", [None, 5])
def test_a_listing_has_the_servers_time_or_else_the_own(store: Store, hours: int | None) -> None:
    servers = time.time() + 3600 * (hours or 0)
    store.date = formatdate(servers, usegmt=True) if hours else None
    store.pages = ["<ListBucketResult/>"]
    assert store.bucket().list("").now == pytest.approx(servers, abs=60)


def test_an_error_of_the_own_disk_does_not_name_the_server(store: Store, tmp_path: Path) -> None:
    store.pages = ["content"] * 2
    for target, why in ((Path("/dev/full"), "No space left on device"), (tmp_path, "Is a directory")):
        with pytest.raises(S3Error, match=f"^cannot write {target}: {why}$"):
            store.bucket().download("key", target)


@pytest.mark.parametrize(
    "pages",
    [
        [PAGE.format("")],
        [PAGE.format("<NextContinuationToken/>")],
        [PAGE.format("<NextContinuationToken>a</NextContinuationToken>")] * 2,
    ],
    ids=["no token", "an empty token", "the same token again"],
)
def test_a_listing_without_an_end_is_an_error(store: Store, pages: list[str]) -> None:
    store.pages = [*pages]
    with pytest.raises(S3Error, match="lists the bucket without an end"):
        store.bucket().list("prefix")
    assert len(store.requests) == len(pages)


def test_an_access_key_that_no_header_can_have_is_not_shown(store: Store) -> None:
    access = BucketAccess(store.url, "b", "r", AccessKey("the-key\n", "secret"))
    with pytest.raises(S3Error, match="does not answer like an S3 server: ValueError") as error:
        Bucket(access).list("prefix")
    assert "the-key" not in str(error.value)


LISTED = (
    "<ListBucketResult>{}<Contents><Key>{}</Key><Size>1</Size>"
    "<LastModified>2026-11-25T17:40:57Z</LastModified></Contents></ListBucketResult>"
)


@pytest.mark.parametrize(
    ("encoding", "listed", "key"),
    [
        ("<EncodingType>url</EncodingType>", "folder/a%01b+c%2Bd", "folder/a\x01b c+d"),
        # Ceph encodes slashes and spaces as well.
        ("<EncodingType>url</EncodingType>", "folder%2Fa%20b", "folder/a b"),
        # A server that does not know the encoding.
        ("", "folder/a+b%20c", "folder/a+b%20c"),
    ],
)
def test_a_key_may_have_any_character(store: Store, encoding: str, listed: str, key: str) -> None:
    store.pages = [LISTED.format(encoding, listed)]
    assert [found.key for found in store.bucket().list("folder/").objects] == [key]
    assert "encoding-type=url" in store.requests[0].path


@pytest.mark.parametrize("operators", [False, True])
def test_an_authority_of_plain_openssl_is_trusted(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, *, operators: bool
) -> None:
    """It has no ``keyUsage``, and the server's certificate no identifier of it."""
    default = ssl.create_default_context

    def as_python_3_13(**given: str | None) -> ssl.SSLContext:
        context = default(**given)  # type: ignore[arg-type]
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", as_python_3_13)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    make_authority().issue(tmp_path, "server", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    store.encrypt(context)
    store.pages = ["<ListBucketResult/>"]
    authority = (tmp_path / "ca.pem").read_text()
    access = BucketAccess(store.url, "b", "r", AccessKey("id", "secret"), authority)
    target = BackupTarget(store.url, "b", "r", "p/", 3600, 0, "id", "secret", authority)
    assert (OperatorBucket(target) if operators else Bucket(access)).list("").objects == ()
