"""A bucket of any S3, by path-style requests: https://docs.aws.amazon.com/AmazonS3/latest/API/.

Files are streamed: no request takes more memory than ``BLOCK`` bytes and an answer without a file.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from .signing import EMPTY, Call, Keys, signed_headers

BLOCK = 1 << 20
STALL = 30.0
"""Seconds without a byte after which a request is given up."""

LARGEST = 5 * 1000**3
"""Bytes that one request may upload (S3's and Spaces' limit is 5 GB)."""


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


class Bucket:
    """Requests to one bucket. All raise ``S3Error``."""

    def __init__(self, place: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place = place
        self._clock = clock
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
        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(source.stat().st_size),
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        with self._answer("PUT", key, {}, headers=headers, source=source, payload=sha256) as response:
            response.read()

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
        with self._answer("DELETE", key, {}) as response:
            response.read()

    @contextmanager
    def _answer(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        source: Path | None = None,
        payload: str = EMPTY,
    ) -> Generator[http.client.HTTPResponse]:
        place = self._place
        path = f"/{place.bucket}/{key}" if key else f"/{place.bucket}"
        call = Call(method, self._host, path, query, headers or {}, payload)
        connection = self._connection()
        try:
            connection.putrequest(method, call.target, skip_host=True, skip_accept_encoding=True)
            for name, value in signed_headers(call, place.keys, place.region, self._clock()).items():
                connection.putheader(name, value)
            connection.endheaders()
            if source is not None:
                _send(connection, source)
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

    def _connection(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, timeout=STALL)
        context = ssl.create_default_context(cadata=self._place.ca_certificate or None)
        return http.client.HTTPSConnection(self._host, timeout=STALL, context=context)


def _send(connection: http.client.HTTPConnection, source: Path) -> None:
    with source.open("rb") as file:
        try:
            while block := file.read(BLOCK):
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
    return ET.fromstring(body)  # noqa: S314 - the bucket's own server


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _seconds(date: str | None) -> float | None:
    return None if date is None else parsedate_to_datetime(date).timestamp()
