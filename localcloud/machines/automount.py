"""The mount that DigitalOcean's udev rule makes when a volume with a file system is first attached to a droplet.

https://docs.digitalocean.com/products/volumes/details/naming-conventions/ names the mount point and the unit, and
https://docs.digitalocean.com/products/volumes/how-to/mount/ its options. udev does not run in a machine, so the local
cloud writes the unit.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.machines.volumes import device_path

_UNITS = Path("etc/systemd/system")
_TARGET = "multi-user.target"


def mount_unit(volume: str) -> str:
    """Return the name of the unit that mounts a volume."""
    return f"mnt-{_folder(volume)}.mount"


def unit_text(volume: str) -> str:
    """Return the text of the unit that mounts a volume."""
    return (
        f"[Unit]\nDescription=Mount DO Volume {volume}\n\n"
        f"[Mount]\nWhat={device_path(volume)}\nWhere=/mnt/{_folder(volume)}\n"
        "Options=defaults,nofail,discard,noatime\n\n"
        f"[Install]\nWantedBy={_TARGET}\n"
    )


def write_unit(root: Path, volume: str) -> None:
    """Write the unit below ``root``, enabled, for the next boot."""
    name = mount_unit(volume)
    wants = root / _UNITS / f"{_TARGET}.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (root / _UNITS / name).write_text(unit_text(volume))
    link = wants / name
    if not link.is_symlink():
        link.symlink_to(f"/{_UNITS / name}")


def start_unit(volume: str) -> str:
    """Return the shell commands that write the unit in a running machine and start it.

    Early in its boot, systemd cannot start it yet.
    """
    name = mount_unit(volume)
    return (
        f"cat >/{_UNITS / name} <<'END'\n{unit_text(volume)}END\nsystemctl --quiet enable --now {name} || :\n"
    )


def _folder(volume: str) -> str:
    return volume.replace("-", "_")
