#!/bin/sh
# Turns a fresh Debian root tree, the only argument, into the image that droplets boot from.
set -eu
root=$1
here=$(dirname "$0")

# The package source of a stock Debian, as its cloud-init names it, whichever mirror built this image.
chroot "$root" python3 - <<'PYTHON'
from pathlib import Path

import yaml

mirrors = yaml.safe_load(Path("/etc/cloud/cloud.cfg").read_text())["system_info"]["package_mirrors"][0]["failsafe"]
release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines())
codename = release["VERSION_CODENAME"]
keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
Path("/etc/apt/sources.list.d/debian.sources").write_text(
    f"Types: deb\nURIs: {mirrors['primary']}\nSuites: {codename} {codename}-updates\n"
    f"Components: main\nSigned-By: {keyring}\n\n"
    f"Types: deb\nURIs: {mirrors['security']}\nSuites: {codename}-security\n"
    f"Components: main\nSigned-By: {keyring}\n"
)
PYTHON
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/0000*.list "$root/etc/apt/apt.conf.d/99mmdebstrap"

cp -r --no-preserve=mode,ownership "$here/rootfs/." "$root/"

chroot "$root" systemctl --quiet enable \
    systemd-networkd.service systemd-networkd-wait-online.service systemd-resolved.service
# SSH listens from the start, and costs nothing until someone connects.
chroot "$root" systemctl --quiet disable ssh.service
chroot "$root" systemctl --quiet enable ssh.socket
# A container has no consoles, devices, disks or kernel of its own, and its package lists are not refreshed.
chroot "$root" systemctl --quiet mask \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    console-getty.service container-getty@.service getty@.service serial-getty@.service getty.target \
    dev-hugepages.mount e2scrub_all.timer e2scrub_reap.service fstrim.timer xfs_scrub_all.timer \
    modprobe@.service systemd-network-generator.service systemd-pstore.service \
    systemd-tmpfiles-setup-dev-early.service systemd-tmpfiles-setup-dev.service systemd-udev-load-credentials.service

# Without bytecode, every boot would compile cloud-init and the standard library again.
chroot "$root" python3 -m compileall -q -j 0 /usr/lib/python3 /usr/lib/python3.*

# What must differ between droplets is made when each boots first.
rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub "$root/etc/hostname"
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# systemd rebuilds these at the first boot of a /usr that is newer than its marks (systemd-update-done.service(8)).
chroot "$root" journalctl --update-catalog
chroot "$root" ldconfig
touch -r "$root/usr" "$root/etc/.updated" "$root/var/.updated"
