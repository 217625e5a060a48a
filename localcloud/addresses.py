"""Fixed addresses inside a local cloud's network namespace.

Every local cloud has its own namespace. So all of them use the same addresses, and ``Pulumi.local.yaml`` contains them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

PUBLIC_NETWORK = IPv4Network("203.0.113.0/24")
"""The network of droplets' public addresses (RFC 5737 TEST-NET-3, which is never routed)."""

GATEWAY = IPv4Interface("203.0.113.1/24")
"""The bridge's address: the droplets' gateway, name server and API host."""

OPERATOR = IPv4Address("198.51.100.10")
"""The operator's address, from which ``pulumi`` and ``etcdctl`` connect (RFC 5737 TEST-NET-2)."""

STRANGER = IPv4Address("198.51.100.200")
"""An address that no firewall rule of the local stack allows."""

METADATA = IPv4Address("169.254.169.254")
"""The address of DigitalOcean's metadata service."""

DIGITALOCEAN_PORT = 8080
"""Port of the DigitalOcean API."""

CLOUDFLARE_PORT = 8081
"""Port of the Cloudflare API."""

RELEASES_PORT = 8082
"""Port of the mirror of etcd's releases."""

OBJECT_STORE_PORT = 8083
"""Port of the S3 server."""

DIGITALOCEAN_URL = f"http://{GATEWAY.ip}:{DIGITALOCEAN_PORT}"
"""URL of the DigitalOcean API, without the version."""

CLOUDFLARE_URL = f"http://{GATEWAY.ip}:{CLOUDFLARE_PORT}/client/v4"
"""URL of the Cloudflare API, with the version."""

OBJECT_STORE_URL = f"https://{GATEWAY.ip}:{OBJECT_STORE_PORT}"
"""URL of the S3 server."""
