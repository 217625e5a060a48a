"""Write the members' addresses, as DigitalOcean lists them, into ``/etc/hosts``."""

from __future__ import annotations

from etcd_node.digitalocean.address_book import DropletAddresses, addresses_of
from etcd_node.digitalocean.api import list_droplets
from etcd_node.host.hosts_file import update_hosts
from etcd_node.host.journal import say
from etcd_node.host.settings import Paths, Settings


def write_addresses(paths: Paths, addresses: DropletAddresses) -> None:
    """Write the members' addresses into the hosts file, and log them if they have changed."""
    if update_hosts(paths.hosts, addresses.by_name):
        members = (f"{name} at {address}" for name, address in sorted(addresses.by_name.items()))
        say(f"members: {', '.join(members)}")


def sync_hosts(settings: Settings, paths: Paths, token: str) -> None:
    """List the droplets, and write their addresses into the hosts file. Raises ``ListingError``."""
    addresses = addresses_of(list_droplets(settings.api_url, token, settings.tag, settings.addresses))
    # A listing without this droplet may be of another account.
    if settings.name in addresses.by_name:
        write_addresses(paths, addresses)
