"""A bucket of any S3, by path-style requests: https://docs.aws.amazon.com/AmazonS3/latest/API/.

Files are streamed: no request takes more memory than ``BLOCK`` bytes and an answer without a file.
A file larger than ``PART`` goes up in parts, which become an object at the very end.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from etcd_node.backup.aws_sigv4 import EMPTY, Call, Keys, signed_headers

BLOCK = 1 << 20
STALL = 30.0
"""Seconds without a byte after which a request is given up."""

PART = 256 << 20
"""Bytes of a part. S3 and Spaces take parts of 5 MiB to 5 GB, the last one may be smaller, and 10,000 of them
(https://docs.digitalocean.com/products/spaces/details/limits/)."""

ASSEMBLY = 600.0
"""Seconds that a server may take to make an object of its parts: some copy them."""


class S3Error(Exception):
    """A request failed. The text fits on one line and has no secret."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code
        """S3's error code, such as ``AccessDenied``; empty when there was no answer."""


@dataclass(frozen=True)
class Place:
    """Where a bucket is, and who asks."""

    endpoint: str
    """Such as ``https://fra1.digitaloceanspaces.com``."""
    bucket: str
    region: str
    keys: Keys
    ca_certificate: str = field(default="", repr=False)
    """PEM of the authority that signed the endpoint's certificate; empty trusts the system's."""


@dataclass(frozen=True)
class Stored:
    """An object as a listing shows it."""

    key: str
    size: int
    """Bytes."""
    modified: float
    """Unix time by the server's clock."""


@dataclass(frozen=True)
class Listing:
    """The objects below a prefix."""

    objects: tuple[Stored, ...]
    now: float
    """Unix time by the server's clock when it answered."""


@dataclass(frozen=True)
class _Body:
    """What a request carries."""

    blocks: Iterable[bytes] = ()
    size: int = 0
    sha256: str = EMPTY


class Bucket:
    """Requests to one bucket. All raise ``S3Error``."""

    def __init__(
        self, place: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC), part: int = PART
    ) -> None:
        self._place = place
        self._clock = clock
        self._part = part
        url = urlsplit(place.endpoint)
        self._secure = url.scheme == "https"
        self._host = url.netloc

    def list(self, prefix: str) -> Listing:
        """All objects below a prefix."""
        objects: list[Stored] = []
        query = {"list-type": "2", "prefix": prefix}
        while True:
            with self._answer("GET", "", query) as response:
                now = _seconds(response.headers.get("Date"))
                page = _parse(response.read())
            objects += [
                Stored(
                    _text(entry, "Key"),
                    int(_text(entry, "Size")),
                    datetime.fromisoformat(_text(entry, "LastModified")).timestamp(),
                )
                for entry in page.iterfind("{*}Contents")
            ]
            if _text(page, "IsTruncated") != "true":
                return Listing(tuple(objects), now if now is not None else self._clock().timestamp())
            query["continuation-token"] = _text(page, "NextContinuationToken")

    def put(self, key: str, source: Path, sha256: str, metadata: Mapping[str, str]) -> None:
        """Upload a file. The object is there whole, or not at all: the server checks the hash before it is."""
        size = source.stat().st_size
        headers = {
            "content-type": "application/octet-stream",
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        if size <= self._part:
            self._send("PUT", key, {}, _Body(_blocks(source, 0, size), size, sha256), headers=headers)
            return
        begun, _ = self._send("POST", key, {"uploads": ""}, headers=headers)
        upload = {"uploadId": _text(begun, "UploadId")}
        try:
            self._put_parts(key, upload, source, size, sha256)
        except BaseException:
            with suppress(S3Error):
                self._send("DELETE", key, upload)
            raise

    def get(self, key: str, target: Path) -> str:
        """Download an object into a file; its SHA-256."""
        digest = hashlib.sha256()
        with self._answer("GET", key, {}) as response, target.open("wb") as file:
            expected = int(response.headers.get("Content-Length", "-1"))
            while block := response.read(BLOCK):
                digest.update(block)
                try:
                    file.write(block)
                except OSError as error:
                    raise S3Error(f"cannot write {target}: {error.strerror}") from None
            if expected >= 0 and file.tell() != expected:
                raise S3Error(f"{key} broke off after {file.tell()} of {expected} bytes")
        return digest.hexdigest()

    def size(self, key: str) -> int:
        """The size of an object, in bytes."""
        with self._answer("HEAD", key, {}) as response:
            return int(response.headers.get("Content-Length", "-1"))

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._send("DELETE", key, {})

    def _put_parts(self, key: str, upload: Mapping[str, str], source: Path, size: int, sha256: str) -> None:
        whole = hashlib.sha256()
        parts = ""
        for number, start in enumerate(range(0, size, self._part), start=1):
            length, digest = min(self._part, size - start), hashlib.sha256()
            for block in _blocks(source, start, length):
                whole.update(block)
                digest.update(block)
            body = _Body(_blocks(source, start, length), length, digest.hexdigest())
            _, tag = self._send("PUT", key, {"partNumber": str(number), **upload}, body)
            parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
        if whole.hexdigest() != sha256:
            raise S3Error(f"{source} has changed since its hash was taken")
        text = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer, _ = self._send(
            "POST", key, upload, _Body([text], len(text), hashlib.sha256(text).hexdigest())
        )
        # A server may answer 200 before it has put the parts together.
        if code := _text(answer, "Code"):
            raise S3Error(f"{key} is not whole: {code} {_text(answer, 'Message')}", code)

    def _send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        body: _Body = _Body(),
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[ET.Element, str]:
        """One request; the answer's document and entity tag."""
        headers = {**headers, "content-length": str(body.size)}
        with self._answer(method, key, query, body, headers) as response:
            return _parse(response.read() or b"<nothing/>"), response.headers.get("ETag", "")

    @contextmanager
    def _answer(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        body: _Body = _Body(),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Generator[http.client.HTTPResponse]:
        place = self._place
        path = f"/{place.bucket}/{key}" if key else f"/{place.bucket}"
        call = Call(method, self._host, path, query, headers, body.sha256)
        connection = self._connection(ASSEMBLY if method == "POST" else STALL)
        try:
            connection.putrequest(method, call.target, skip_host=True, skip_accept_encoding=True)
            for name, value in signed_headers(call, place.keys, place.region, self._clock()).items():
                connection.putheader(name, value)
            connection.endheaders()
            _upload(connection, body.blocks)
            response = connection.getresponse()
            if response.status >= 300:
                raise _refusal(f"{method} {path}", response)
            yield response
        except ssl.SSLCertVerificationError as error:
            text = f"the certificate of {place.endpoint} is not valid: {error.verify_message}"
            raise S3Error(text) from None
        except TimeoutError:
            raise S3Error(f"{place.endpoint} does not answer") from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise S3Error(f"{place.endpoint}: {reason or str(error) or type(error).__name__}") from None
        except (ET.ParseError, ValueError) as error:
            raise S3Error(f"{place.endpoint} answers something else than S3 does: {error}") from None
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, timeout=timeout)
        context = ssl.create_default_context(cadata=self._place.ca_certificate or None)
        return http.client.HTTPSConnection(self._host, timeout=timeout, context=context)


def _blocks(source: Path, start: int, length: int) -> Generator[bytes]:
    with source.open("rb") as file:
        file.seek(start)
        while length and (block := file.read(min(BLOCK, length))):
            length -= len(block)
            yield block


def _upload(connection: http.client.HTTPConnection, blocks: Iterable[bytes]) -> None:
    try:
        for block in blocks:
            connection.send(block)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        # A server that refuses an upload may close before it has read all of it: its answer says why.
        return


def _refusal(request: str, response: http.client.HTTPResponse) -> S3Error:
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


def _seconds(date: str | None) -> float | None:
    return None if date is None else parsedate_to_datetime(date).timestamp()
