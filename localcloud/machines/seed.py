"""Writes a new machine's first files: the cloud-init seed and the configuration of its network."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from localcloud.addresses import GATEWAY
from localcloud.machines.interface import Machine


def meta_data(machine: Machine) -> str:
    """Return the seed's meta-data. The instance id is the droplet's, so that a reboot is not a first boot."""
    return json.dumps(
        {
            "instance-id": str(machine.id),
            "local-hostname": machine.name,
            "public-keys": {str(number): key for number, key in enumerate(machine.ssh_keys)},
        }
    )


def network_config(machine: Machine) -> str:
    """Return the seed's network-config, version 2: static addresses on ``host0``, default route to the gateway."""
    addresses = [str(address) for address in (machine.public, machine.private) if address is not None]
    return yaml.safe_dump(
        {
            "version": 2,
            "ethernets": {
                "host0": {
                    "addresses": addresses,
                    "nameservers": {"addresses": [str(GATEWAY.ip)]},
                    # "default" is rejected by cloud-init's networkd renderer.
                    "routes": [{"to": "0.0.0.0/0", "via": str(GATEWAY.ip)}],
                }
            },
        }
    )


def write_seed(machine: Machine, root: Path) -> None:
    """Write the seed and the machine's configuration below ``root``. Only root can read the seed."""
    root.mkdir(mode=0o755)
    seed = root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    seed.chmod(0o700)
    _write(seed / "meta-data", meta_data(machine), 0o600)
    _write(seed / "network-config", network_config(machine), 0o600)
    _write(seed / "user-data", machine.user_data, 0o600)
    _write(root / "etc/hostname", machine.name.split(".")[0] + "\n", 0o644)
    _write(root / "etc/resolv.conf", f"nameserver {GATEWAY.ip}\n", 0o644)
    _write(root / "etc/systemd/journald.conf.d/localcloud.conf", "[Journal]\nStorage=persistent\n", 0o644)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=mode)
    path.write_text(text)
