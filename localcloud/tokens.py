"""The API tokens of every local cloud.

They open nothing but a network namespace on the user's own machine, so they stand in plain text.
"""

from __future__ import annotations

DIGITALOCEAN_TOKEN = "dop_v1_" + "10ca1c10" * 8
"""Full access to the local DigitalOcean API."""

DISCOVERY_TOKEN = "dop_v1_" + "d15c0fe2" * 8
"""Scopes ``droplet:read`` and ``tag:read``, as the droplets' own token has."""

SCOPELESS_TOKEN = "dop_v1_" + "5c09e1e5" * 8
"""A valid token that may do nothing, to see what a forgotten scope looks like."""

STRANGERS_TOKEN = "dop_v1_" + "57a26e25" * 8
"""Full access to the DigitalOcean account of another team, which has nothing and runs no machine."""

CLOUDFLARE_TOKEN = "localcloud-cloudflare-token-0123456789ab"  # noqa: S105
"""DNS edit and zone read on every local zone; 40 characters, as Cloudflare's are."""

ZONE = "example.test"
"""The zone that every local cloud starts with (RFC 6761: ``.test`` is never delegated)."""

OBJECT_STORE_OWNER = ("localcloud-owner", "localcloud-owner-secret")
"""Access key and secret that may do anything in the object store."""

BACKUP_KEYS = ("localcloud-backup", "localcloud-backup-secret")
"""Access key and secret of the account that owns ``BACKUP_BUCKET``, which is put on the droplets."""

BACKUP_BUCKET = "etcd-backups"
"""The bucket that every local cloud's object store starts with."""
