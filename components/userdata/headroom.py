"""Print how many bytes of user data are free in the worst case: ``python -m components.userdata.headroom``."""

from __future__ import annotations

from typing import Any

from components.config.settings import LONGEST_DOMAIN, Settings
from components.userdata.render import LIMIT
from components.userdata.size_check import largest_size

LONGEST_CLUSTER_NAME = "etcd-" + "x" * 55

AUTHORITY_WITH_RSA_4096 = (
    "-----BEGIN CERTIFICATE-----\n" + ("x" * 64 + "\n") * 30 + "-----END CERTIFICATE-----\n"
)
"""As long as the certificate of an authority with an RSA key of 4,096 bits and a name of 64 characters: 2,004 bytes."""

WORST_CASE: dict[str, Any] = {
    "domain": "x" * (LONGEST_DOMAIN - len(".example.com")) + ".example.com",
    "zone": "example.com",
    "size": 9,
    "clientCidrs": ["198.51.100.0/24"],
    # DigitalOcean's tokens have 71 characters.
    "discoveryToken": "x" * 71,
    "discoveryApiUrl": "https://" + "x" * 64,
    # The URL of the official release has 95 characters.
    "releaseUrl": "https://" + "x" * 160,
    "releaseSha256": "0" * 64,
    "heartbeatMs": 5000,
    "electionMs": 50000,
    "quotaGiB": 8,
    "backupBucket": "x" * 63,
    # An endpoint of Cloudflare's R2 has 65 characters, and one of S3 at most 58.
    "backupEndpoint": "https://" + "x" * 96,
    "backupRegion": "x" * 24,
    "backupPrefix": "x" * 63 + "/",
    # Secret keys of S3 and Spaces have 40 and 43 characters, those of R2 have 64.
    "backupAccessKey": "x" * 64,
    "backupSecretKey": "x" * 64,
    "backupCaCertificate": AUTHORITY_WITH_RSA_4096,
    # A prefix and the name of a backup, which has 139 characters.
    "restoreFrom": "x" * 63 + "/" + "x" * 133 + ".db.gz",
}
"""A configuration with the longest values that a user can be expected to set."""


def free_bytes() -> int:
    """Bytes of user data that are free in the worst case."""
    return LIMIT - largest_size(LONGEST_CLUSTER_NAME, Settings.model_validate(WORST_CASE))


if __name__ == "__main__":
    print(f"user data: {free_bytes()} bytes free in the worst case")
