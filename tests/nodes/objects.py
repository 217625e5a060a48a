"""A real S3 server on a loopback address, with one bucket."""

from __future__ import annotations

import hashlib
import http.client
import signal
import socket
import ssl
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

from components.shared.aws_sigv4 import AccessKey, SignableRequest, signed_headers
from components.shared.s3 import Bucket, BucketAccess
from localcloud.machines.object_store import CERTIFICATE, REGION, private_key
from localcloud.toolchain.object_store import ensure_object_store

from .lab import eventually

KEY = AccessKey("owner", "owner-secret")
BUCKET = "backups"


class ObjectServer:
    """Versity's S3 gateway. Its objects stay after ``stop``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "objects"
        self.log = folder / "objects.log"
        (self.folder / BUCKET).mkdir(parents=True)
        self._accounts = folder / "accounts"
        self._accounts.mkdir()
        self._key = folder / "objects-key.pem"
        self._key.write_text(private_key())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def access(self, key: AccessKey = KEY, bucket: str = BUCKET) -> BucketAccess:
        return BucketAccess(f"https://127.0.0.1:{self.port}", bucket, REGION, key, CERTIFICATE.read_text())

    def bucket(self, key: AccessKey = KEY) -> Bucket:
        return Bucket(self.access(key))

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(ensure_object_store(), "--quiet", f"--port=127.0.0.1:{self.port}"),
                    *(f"--region={REGION}", f"--cert={CERTIFICATE}", f"--key={self._key}"),
                    *(f"--iam-dir={self._accounts}", "--access-log=stdout", "posix", self.folder),
                ],
                env={"ROOT_ACCESS_KEY": KEY.id, "ROOT_SECRET_KEY": KEY.secret},
                stdout=log,
                stderr=log,
            )
        eventually("the S3 server answers", self._answers, 20)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def names(self) -> list[str]:
        """The keys of all objects, by time of their names."""
        return sorted(stored.key for stored in self.bucket().list("").objects)

    def add_user(self, key: AccessKey, role: str = "user") -> None:
        """Create an account that may only do what the bucket's policy allows."""
        subprocess.run(
            [
                *(ensure_object_store(), "admin", "--allow-insecure", f"--region={REGION}"),
                *(f"--endpoint-url=https://127.0.0.1:{self.port}", "create-user", f"--role={role}"),
                *(f"--access={key.id}", f"--secret={key.secret}"),
            ],
            env={"ADMIN_ACCESS_KEY": KEY.id, "ADMIN_SECRET_KEY": KEY.secret},
            check=True,
        )

    def set_policy(self, policy: str) -> None:
        """Replace the bucket's policy."""
        self._ask("PUT", "", {"policy": ""}, policy.encode())

    def metadata(self, key: str) -> dict[str, str]:
        """The metadata of an object."""
        headers, _ = self._ask("HEAD", f"/{key}", {})
        return {
            name.lower().removeprefix("x-amz-meta-"): value
            for name, value in headers.items()
            if name.lower().startswith("x-amz-meta-")
        }

    def unfinished(self) -> list[str]:
        """Keys of uploads in parts that were neither assembled nor aborted."""
        _, body = self._ask("GET", "", {"uploads": ""})
        page = ET.fromstring(body)  # noqa: S314 - the test's own server
        return [upload.findtext("{*}Key", "") for upload in page.iterfind("{*}Upload")]

    def _ask(
        self, method: str, path: str, query: dict[str, str], payload: bytes = b""
    ) -> tuple[http.client.HTTPMessage, bytes]:
        now, digest = datetime.now(UTC), hashlib.sha256(payload).hexdigest()
        request = SignableRequest(method, f"127.0.0.1:{self.port}", f"/{BUCKET}{path}", query, {}, digest)
        context = ssl.create_default_context(cadata=CERTIFICATE.read_text())
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        connection.request(method, request.target, payload, signed_headers(request, KEY, REGION, now))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status < 300, body
        connection.close()
        return answer.headers, body

    def _answers(self) -> bool:
        context = ssl.create_default_context(cadata=CERTIFICATE.read_text())
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=2, context=context)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 403
        except OSError:
            return False
        finally:
            connection.close()
