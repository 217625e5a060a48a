"""A real S3 server on a loopback address, with one bucket."""

from __future__ import annotations

import hashlib
import http.client
import signal
import socket
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from prepare_cluster.s3 import Bucket, Place
from prepare_cluster.signing import Call, Keys, signed_headers

from localcloud.machines.object_store import CERTIFICATE, private_key
from localcloud.toolchain.object_store import ensure_object_store

from .lab import eventually

KEYS = Keys("owner", "owner-secret")
BUCKET = "backups"
REGION = "local"


class ObjectServer:
    """Versity's S3 gateway; what it keeps survives ``stop``."""

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

    def place(self, keys: Keys = KEYS, bucket: str = BUCKET) -> Place:
        return Place(f"https://127.0.0.1:{self.port}", bucket, REGION, keys, CERTIFICATE.read_text())

    def bucket(self, keys: Keys = KEYS) -> Bucket:
        return Bucket(self.place(keys))

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(ensure_object_store(), "--quiet", f"--port=127.0.0.1:{self.port}"),
                    *(f"--region={REGION}", f"--cert={CERTIFICATE}", f"--key={self._key}"),
                    *(f"--iam-dir={self._accounts}", "--access-log=stdout", "posix", self.folder),
                ],
                env={"ROOT_ACCESS_KEY": KEYS.access, "ROOT_SECRET_KEY": KEYS.secret},
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

    def add_user(self, keys: Keys) -> None:
        """An account that may do what a bucket's policy allows, and nothing else."""
        subprocess.run(
            [
                *(ensure_object_store(), "admin", "--allow-insecure", f"--region={REGION}"),
                *(f"--endpoint-url=https://127.0.0.1:{self.port}", "create-user", "--role=user"),
                *(f"--access={keys.access}", f"--secret={keys.secret}"),
            ],
            env={"ADMIN_ACCESS_KEY": KEYS.access, "ADMIN_SECRET_KEY": KEYS.secret},
            check=True,
        )

    def set_policy(self, policy: str) -> None:
        """Replace the bucket's policy."""
        payload = policy.encode()
        now, digest = datetime.now(UTC), hashlib.sha256(payload).hexdigest()
        call = Call("PUT", f"127.0.0.1:{self.port}", f"/{BUCKET}", {"policy": ""}, {}, digest)
        context = ssl.create_default_context(cadata=CERTIFICATE.read_text())
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
        connection.request("PUT", call.target, payload, signed_headers(call, KEYS, REGION, now))
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
        connection.close()

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
