"""Fixed addresses inside a local cloud's network namespace.

Every local cloud has a namespace of its own, so all of them use the same addresses, and
``Pulumi.local.yaml`` can name them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

PUBLIC_NETWORK = IPv4Network("203.0.113.0/24")
"""Droplets' public addresses (RFC 5737 TEST-NET-3: never routed)."""

GATEWAY = IPv4Interface("203.0.113.1/24")
"""The bridge's own address: the droplets' gateway, name server and API host."""

OPERATOR = IPv4Address("198.51.100.10")
"""The address of the operator's machine, from which ``pulumi`` and ``etcdctl`` connect (RFC 5737 TEST-NET-2)."""

STRANGER = IPv4Address("198.51.100.200")
"""An address that no firewall rule of the local stack allows."""

METADATA = IPv4Address("169.254.169.254")
"""DigitalOcean's metadata service."""

DIGITALOCEAN_PORT = 8080
CLOUDFLARE_PORT = 8081
RELEASES_PORT = 8082
OBJECT_STORE_PORT = 8083

DIGITALOCEAN_URL = f"http://{GATEWAY.ip}:{DIGITALOCEAN_PORT}"
CLOUDFLARE_URL = f"http://{GATEWAY.ip}:{CLOUDFLARE_PORT}/client/v4"
RELEASES_URL = f"http://{GATEWAY.ip}:{RELEASES_PORT}/etcd-io/etcd/releases/download"
OBJECT_STORE_URL = f"https://{GATEWAY.ip}:{OBJECT_STORE_PORT}"
