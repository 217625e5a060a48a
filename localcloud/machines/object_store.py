"""The local cloud's object store: an S3 server that stands in for DigitalOcean's Spaces."""

from __future__ import annotations

import hashlib
import subprocess
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localcloud.addresses import GATEWAY, OBJECT_STORE_PORT, OBJECT_STORE_URL
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import last_line, open_log, replace
from localcloud.machines.layout import Layout
from localcloud.machines.prerequisites import SYSTEM_PATH
from localcloud.tokens import BACKUP_BUCKET, BACKUP_KEYS, OBJECT_STORE_OWNER

REGION = "us-east-1"
"""The region that requests are signed for. DigitalOcean's provider signs for it, whatever the bucket's region."""

CERTIFICATE = Path(__file__).with_name("object_store.pem")
"""The server's self-signed certificate, which is the same in every local cloud."""

_KEY_SEED = b"the object store of every local cloud"
_READY_LIMIT = 20.0
_POLL = 0.05


class ObjectStore:
    """Versity's S3 gateway, which serves a folder over HTTPS."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "object-store"
        self._buckets = layout.objects / "buckets"
        self._key = layout.run / "object-store-key.pem"
        self.log = layout.logs / "object-store.log"
        """The log of all requests that it answered."""

    def running(self) -> bool:
        """Return whether the server runs."""
        return self._cgroup.populated()

    def ensure(self, server: Path) -> None:
        """Start ``server`` unless it runs, and make the bucket for backups and its account."""
        if not self.running():
            self._start(server)
        if not (self._buckets / BACKUP_BUCKET).exists():
            self._make_bucket(server)

    def stop(self) -> None:
        """End the server. Objects and accounts are kept."""
        self._cgroup.remove()

    def set_secret(self, server: Path, access: str, secret: str) -> None:
        """Replace an account's secret key."""
        problem = self._admin(server, "update-user", f"--access={access}", f"--secret={secret}")
        if problem is not None:
            raise LocalCloudError(f"the object store cannot change the account {access}: {problem}")

    def _start(self, server: Path) -> None:
        accounts = self._layout.objects / "accounts"
        for folder in (self._buckets, accounts):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._key, private_key(), mode=0o600)
        with open_log(self.log) as log:
            self._cgroup.spawn(
                [
                    *("ip", "netns", "exec", self._layout.namespace, server, "--quiet"),
                    *(f"--port={GATEWAY.ip}:{OBJECT_STORE_PORT}", f"--region={REGION}"),
                    *(f"--cert={CERTIFICATE}", f"--key={self._key}"),
                    # Its cache may keep a key for two minutes after a change.
                    *("--iam-cache-disable", f"--iam-dir={accounts}"),
                    *("--access-log=stdout", "posix", self._buckets),
                ],
                output=log,
                env=dict(zip(("ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"), OBJECT_STORE_OWNER, strict=True)),
            )
        deadline = time.monotonic() + _READY_LIMIT
        while (problem := self._admin(server, "list-buckets")) is not None:
            ended = not self.running()
            if ended or time.monotonic() > deadline:
                failure = "process ended" if ended else f"does not answer in {_READY_LIMIT:.0f} s ({problem})"
                raise LocalCloudError(
                    f"the object store {failure}; last line of {self.log}: {last_line(self.log)}"
                )
            time.sleep(_POLL)

    def _make_bucket(self, server: Path) -> None:
        access, secret = BACKUP_KEYS
        # An interrupted start may have made the account. The role lets it make buckets, like any key for Spaces.
        self._admin(server, "create-user", f"--access={access}", f"--secret={secret}", "--role=userplus")
        problem = self._admin(server, "create-bucket", f"--bucket={BACKUP_BUCKET}", f"--owner={access}")
        if problem is not None:
            raise LocalCloudError(f"the object store cannot make the bucket {BACKUP_BUCKET}: {problem}")

    def _admin(self, server: Path, *command: str) -> str | None:
        """Run an administration command of the server; return its error, or ``None`` if it succeeds."""
        access, secret = OBJECT_STORE_OWNER
        result = subprocess.run(
            [
                *("ip", "netns", "exec", self._layout.namespace, server, "admin", "--allow-insecure"),
                *(f"--endpoint-url={OBJECT_STORE_URL}", f"--region={REGION}", *command),
            ],
            env={"ADMIN_ACCESS_KEY": access, "ADMIN_SECRET_KEY": secret, "PATH": SYSTEM_PATH},
            capture_output=True,
            text=True,
            timeout=_READY_LIMIT,
            check=False,
        )
        return None if result.returncode == 0 else " ".join(result.stderr.split()) or "no output"


def private_key() -> str:
    """Return the key of ``CERTIFICATE`` as PEM. It is derived from a constant, since it protects one namespace only."""
    number = int.from_bytes(hashlib.sha256(_KEY_SEED).digest())
    key = ec.derive_private_key(number, ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
