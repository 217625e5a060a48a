"""The API tokens of every local cloud.

They are valid only inside a network namespace on the user's own machine, so they are no secrets. Their form is none
that a cloud issues, because secret scanners would stop a push of this repository.
"""

from __future__ import annotations

DIGITALOCEAN_TOKEN = "localcloud-full-access"  # noqa: S105 - no secret
"""Full access to the local DigitalOcean API."""

DISCOVERY_TOKEN = "localcloud-droplet-and-tag-read"  # noqa: S105 - no secret
"""The scopes ``droplet:read`` and ``tag:read`` alone, like the token on a droplet."""

SCOPELESS_TOKEN = "localcloud-no-scopes"  # noqa: S105 - no secret
"""A valid token without any scope."""

SECOND_DIGITALOCEAN_TOKEN = "localcloud-second-full-access"  # noqa: S105 - no secret
"""Full access to the second account of the local DigitalOcean API."""

SECOND_DISCOVERY_TOKEN = "localcloud-second-droplet-and-tag-read"  # noqa: S105 - no secret
"""The scopes ``droplet:read`` and ``tag:read`` in the second account."""

# The provider accepts 40 to 80 characters. Scanners look for exactly 40, also between two hyphens.
CLOUDFLARE_TOKEN = "localcloud_token_that_edits_dns_records_and_reads_zones"  # noqa: S105 - no secret
"""DNS edit and zone read on the zones of the first account."""

SECOND_CLOUDFLARE_TOKEN = "localcloud_second_token_that_edits_dns_records_and_reads_zones"  # noqa: S105 - no secret
"""DNS edit and zone read on the zones of the second account."""

ZONE = "example.test"
"""The zone with which the first account starts (RFC 6761: ``.test`` is never delegated)."""

SECOND_ZONE = "second.test"
"""The zone with which the second account starts."""

OBJECT_STORE_OWNER = ("localcloud-owner", "localcloud-owner-secret")
"""Access key and secret that may do anything in the object store."""

BACKUP_KEYS = ("localcloud-backup", "localcloud-backup-secret")
"""Access key and secret of the account that owns ``BACKUP_BUCKET``, which is put on the droplets."""

BACKUP_BUCKET = "etcd-backups"
"""The bucket that every local cloud's object store starts with."""
