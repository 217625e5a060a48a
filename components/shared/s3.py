"""A client for one bucket of any S3 server, by path-style requests.

https://docs.aws.amazon.com/AmazonS3/latest/API/. Files are streamed: a request needs at most ``BLOCK`` bytes of memory,
and an answer without a file. A file larger than ``PART`` is uploaded in parts, which become an object at the end.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote_plus, urlsplit

from .api_errors import USER_AGENT
from .aws_sigv4 import EMPTY_SHA256, AccessKey, SignableRequest, signed_headers

BLOCK = 1 << 20
"""Bytes that are read, hashed and sent at a time."""

TIMEOUT = 30.0
"""Seconds without a byte after which a request fails."""

PART = 256 << 20
"""Bytes of a part. S3 and Spaces take 10,000 parts of 5 MiB to 5 GB. The last one may be smaller.

https://docs.digitalocean.com/products/spaces/details/limits/
"""

COMPLETION_TIMEOUT = 600.0
"""Seconds that a server may take to make an object of its parts. Some servers copy the parts."""


class S3Error(Exception):
    """A request failed. The text fits on one line and has no secret."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code
        """The error code of S3, such as ``AccessDenied``; empty when there was no answer."""


@dataclass(frozen=True)
class BucketAccess:
    """A bucket, and the key that opens it."""

    endpoint: str
    """URL of the server, such as ``https://fra1.digitaloceanspaces.com``."""
    bucket: str
    region: str
    key: AccessKey
    ca_certificate: str = field(default="", repr=False)
    """PEM of the authority that signed the endpoint's certificate; empty trusts those of the system."""
    upload_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of each request that begins an upload, such as those for encryption by the server."""


@dataclass(frozen=True)
class StoredObject:
    """An object in a listing."""

    key: str
    size: int
    """Bytes."""
    modified: float
    """Unix time by the server's clock."""


@dataclass(frozen=True)
class Listing:
    """The objects below a prefix."""

    objects: tuple[StoredObject, ...]
    now: float
    """Unix time of the answer, by the server's clock."""


@dataclass(frozen=True)
class _Body:
    blocks: Iterable[bytes] = ()
    size: int = 0
    sha256: str = EMPTY_SHA256
    md5: str = ""
    """In base64. A bucket with object lock demands it for an object or a part; empty sends none."""


class Bucket:
    """Requests to one bucket. All methods raise ``S3Error``."""

    def __init__(self, access: BucketAccess, part: int = PART) -> None:
        self._access = access
        self._part = part
        url = urlsplit(access.endpoint)
        self._secure = url.scheme == "https"
        self._host = url.netloc

    def list(self, prefix: str) -> Listing:
        """All objects below a prefix."""
        objects: list[StoredObject] = []
        # XML has no place for the control characters that a key may have.
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        while True:
            with self._request("GET", "", query) as response:
                now = _unix_time(response.headers.get("Date"))
                page = _parse(response.read())
                if not page.tag.endswith("ListBucketResult"):
                    # Such as a page for people. It would count as an empty bucket.
                    raise ValueError(page.tag)
                # Some servers ignore the request, and send keys as they are. Some write a space as ``+``.
                decode = unquote_plus if _text(page, "EncodingType") else str
                objects += [
                    StoredObject(
                        decode(_text(entry, "Key")),
                        int(_text(entry, "Size")),
                        datetime.fromisoformat(_text(entry, "LastModified")).timestamp(),
                    )
                    for entry in page.iterfind("{*}Contents")
                ]
            if _text(page, "IsTruncated") != "true":
                return Listing(tuple(objects), now)
            token = _text(page, "NextContinuationToken")
            if token in {"", query.get("continuation-token")}:
                raise S3Error(f"{self._access.endpoint} lists the bucket without an end")
            query["continuation-token"] = token

    def upload(self, key: str, source: Path, sha256: str, metadata: Mapping[str, str]) -> None:
        """Upload a file with that SHA-256. The server verifies the hash, so an incomplete object never appears."""
        size = source.stat().st_size
        headers = {
            "content-type": "application/octet-stream",
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
            **self._access.upload_headers,
        }
        if size <= self._part:
            # With the expected hash: the server rejects a file that has changed.
            body = replace(_part(source, 0, size), sha256=sha256)
            self._send("PUT", key, {}, body, headers=headers)
            return
        created, _ = self._send("POST", key, {"uploads": ""}, headers=headers)
        upload_id = {"uploadId": _text(created, "UploadId")}
        try:
            self._upload_parts(key, upload_id, source, size, sha256)
        except BaseException:
            with suppress(S3Error):
                self._send("DELETE", key, upload_id)
            raise

    def download(self, key: str, target: Path) -> str:
        """Download an object into a file. Returns its SHA-256."""
        digest = hashlib.sha256()
        try:
            # In this order: what is raised within the request is reported as an error of the server.
            with target.open("wb") as file, self._request("GET", key, {}) as response:
                expected = int(response.headers.get("Content-Length", "-1"))
                while block := response.read(BLOCK):
                    digest.update(block)
                    try:
                        file.write(block)
                    except OSError as error:
                        raise S3Error(f"cannot write {target}: {error.strerror}") from None
                if expected >= 0 and file.tell() != expected:
                    raise S3Error(f"the download of {key} ended after {file.tell()} of {expected} bytes")
        except OSError as error:
            raise S3Error(f"cannot write {target}: {error.strerror}") from None
        return digest.hexdigest()

    def size(self, key: str) -> int:
        """The size of an object, in bytes."""
        with self._request("HEAD", key, {}) as response:
            return int(response.headers.get("Content-Length", "-1"))

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._send("DELETE", key, {})

    def _upload_parts(
        self, key: str, upload_id: Mapping[str, str], source: Path, size: int, sha256: str
    ) -> None:
        total = hashlib.sha256()
        parts = ""
        for number, start in enumerate(range(0, size, self._part), start=1):
            body = _part(source, start, min(self._part, size - start), total.update)
            _, tag = self._send("PUT", key, {"partNumber": str(number), **upload_id}, body)
            parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        if total.hexdigest() != sha256:
            raise S3Error(f"{source} changed after its hash was computed")
        text = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer, _ = self._send(
            "POST", key, upload_id, _Body([text], len(text), hashlib.sha256(text).hexdigest())
        )
        # A server may answer 200 before it has assembled the parts, and then report an error.
        if code := _text(answer, "Code"):
            raise S3Error(f"the server did not assemble {key}: {code} {_text(answer, 'Message')}", code)

    def _send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        body: _Body = _Body(),
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[ET.Element, str]:
        """Send a request. Returns the XML document and the entity tag of the answer."""
        if body.size:
            headers = {**headers, "content-length": str(body.size)}
        if body.md5:
            headers = {**headers, "content-md5": body.md5}
        with self._request(method, key, query, body, headers) as response:
            return _parse(response.read() or b"<nothing/>"), response.headers.get("ETag", "")

    @contextmanager
    def _request(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        body: _Body = _Body(),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Generator[http.client.HTTPResponse]:
        access = self._access
        path = f"/{access.bucket}/{key}" if key else f"/{access.bucket}"
        request = SignableRequest(method, self._host, path, query, headers, body.sha256)
        connection = self._connection(COMPLETION_TIMEOUT if method == "POST" else TIMEOUT)
        try:
            connection.putrequest(method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in signed_headers(request, access.key, access.region, datetime.now(UTC)).items():
                connection.putheader(name, value)
            connection.putheader("user-agent", USER_AGENT)
            if method == "POST" and not body.size:
                # Not signed, because a proxy in front of the server may remove it.
                connection.putheader("content-length", "0")
            connection.endheaders()
            _send_blocks(connection, body.blocks)
            response = connection.getresponse()
            if response.status >= 300:
                raise _error_in(f"{method} {path}", response)
            yield response
        except ssl.SSLCertVerificationError as error:
            text = f"the certificate of {access.endpoint} is not valid: {error.verify_message}"
            raise S3Error(text) from None
        except TimeoutError:
            raise S3Error(f"{access.endpoint} does not answer") from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise S3Error(f"{access.endpoint}: {reason or str(error) or type(error).__name__}") from None
        except (ET.ParseError, ValueError) as error:
            # The text of an error about a header has the access key.
            reason = type(error).__name__
            raise S3Error(f"{access.endpoint} does not answer like an S3 server: {reason}") from None
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, timeout=timeout)
        return http.client.HTTPSConnection(self._host, timeout=timeout, context=server_context(self._access))


def server_context(access: BucketAccess) -> ssl.SSLContext:
    """Trust in the bucket's server. Raises ``ssl.SSLError`` or ``ValueError`` if its authority is no certificate."""
    context = ssl.create_default_context(cadata=access.ca_certificate or None)
    # Set by default since Python 3.13. It refuses a private authority without the extension keyUsage, which
    # `openssl req -x509` makes, and which other clients take.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _read_blocks(source: Path, start: int, length: int) -> Generator[bytes]:
    with source.open("rb") as file:
        file.seek(start)
        while length and (block := file.read(min(BLOCK, length))):
            length -= len(block)
            yield block


def _part(source: Path, start: int, length: int, *updates: Callable[[bytes], object]) -> _Body:
    """A part of a file as a body, with its hashes. Each of ``updates`` gets every block of it as well."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    for block in _read_blocks(source, start, length):
        for update in (sha256.update, md5.update, *updates):
            update(block)
    text = base64.b64encode(md5.digest()).decode()
    return _Body(_read_blocks(source, start, length), length, sha256.hexdigest(), text)


def _send_blocks(connection: http.client.HTTPConnection, blocks: Iterable[bytes]) -> None:
    try:
        for block in blocks:
            connection.send(block)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        # A server that rejects an upload may close before it has read all of it. Its answer says why.
        return


def _error_in(request: str, response: http.client.HTTPResponse) -> S3Error:
    code = message = ""
    try:
        error = _parse(response.read(BLOCK))
        code, message = _text(error, "Code"), _text(error, "Message")
    except (ET.ParseError, OSError, http.client.HTTPException):
        pass
    text = f"{request} answers {response.status} {code or response.reason}"
    return S3Error(f"{text}: {' '.join(message.split())}" if message else text, code or str(response.status))


def _parse(body: bytes) -> ET.Element:
    return ET.fromstring(body.strip())  # noqa: S314 - the bucket's own server


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _unix_time(date: str | None) -> float:
    return (datetime.now(UTC) if date is None else parsedate_to_datetime(date)).timestamp()
