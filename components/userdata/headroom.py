"""Print how many bytes of user data are free in the worst case: ``python -m components.userdata.headroom``."""

from __future__ import annotations

from typing import Any

from ..config.settings import LONGEST_DOMAIN, Settings
from .filler import BASE64, random_text
from .render import LIMIT
from .size_check import largest_size

LONGEST_CLUSTER_NAME = "etcd-" + random_text(55)

AUTHORITY_WITH_RSA_4096 = (
    "-----BEGIN CERTIFICATE-----\n"
    + "".join(f"{random_text(64, BASE64, seed=str(line))}\n" for line in range(30))
    + "-----END CERTIFICATE-----\n"
)
"""As long as the certificate of an authority with an RSA key of 4,096 bits and a name of 64 characters: 2,004 bytes."""

WORST_CASE: dict[str, Any] = {
    "domain": random_text(LONGEST_DOMAIN - len(".example.com")) + ".example.com",
    "zone": "example.com",
    "size": 9,
    "clientCidrs": ["198.51.100.0/24"],
    # DigitalOcean's tokens have 71 characters.
    "discoveryToken": random_text(71),
    "discoveryApiUrl": "https://" + random_text(64),
    # The URL of the official release has 95 characters.
    "releaseUrl": "https://" + random_text(160),
    "releaseSha256": random_text(64, "0123456789abcdef"),
    "heartbeatMs": 5000,
    "electionMs": 50000,
    "quotaGiB": 8,
    "maxRequestBytes": 10485760,
    "maxTxnOps": 65536,
    "snapshotCount": 9999,
    "keepaliveMinTime": "10s",
    "keepaliveInterval": "10m",
    "keepaliveTimeout": "10s",
    "logLevel": "debug",
    "extraFlags": [
        "experimental-watch-progress-notify-interval=1m",
        "feature-gates=LeaseCheckpoint=true,LeaseCheckpointPersist=true",
    ],
    "backupBucket": random_text(63, seed="bucket"),
    # An endpoint of Cloudflare's R2 has 65 characters, and one of S3 at most 58.
    "backupEndpoint": "https://" + random_text(96),
    "backupRegion": random_text(24),
    "backupPrefix": random_text(63) + "/",
    # Secret keys of S3 and Spaces have 40 and 43 characters, those of R2 have 64.
    "backupAccessKey": random_text(64, BASE64),
    "backupSecretKey": random_text(64, BASE64, seed="secret"),
    # The ARN of a key has 75 characters.
    "backupEncryption": "aws:kms:arn:aws:kms:" + random_text(55),
    # A prefix and the name of a backup, which has 139 characters.
    "restoreFrom": random_text(63) + "/" + random_text(133) + ".db.gz",
}
"""A configuration with the longest values that a user can be expected to set. ``worst_case`` adds a certificate."""


def worst_case(**changes: Any) -> Settings:
    """The settings of the worst case with some keys changed."""
    settings = Settings.model_validate({**WORST_CASE, **changes})
    if settings.backup_ca_certificate:
        return settings
    # Validation would refuse it: it is as long as a certificate, and is none.
    return settings.model_copy(update={"backup_ca_certificate": AUTHORITY_WITH_RSA_4096})


def free_bytes() -> int:
    """Bytes of user data that are free in the worst case."""
    return LIMIT - largest_size(LONGEST_CLUSTER_NAME, worst_case())


if __name__ == "__main__":
    print(f"user data: {free_bytes()} bytes free in the worst case")
