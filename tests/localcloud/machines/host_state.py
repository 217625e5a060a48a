"""Finds what a local cloud has on the host: mounts, processes, sockets and more."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.machines import cgroups
from localcloud.machines.cgroups import Cgroup


def traces(name: str) -> set[str]:
    """Return the cloud's namespaces, mounts, loop devices, control groups, processes and run-time files."""
    return {
        *_named(Path("/run/netns"), name),
        *_named(Path("/etc/netns"), name),
        *(f"mount {line}" for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line),
        *_loop_devices(name),
        *_control_groups(name),
        *_processes(name),
        *(["run-time files"] if Path("/run/localcloud", name).exists() else []),
    }


def listening(cloud: LocalCloud) -> set[str]:
    """Return the host's addresses and ports on which this cloud's processes listen."""
    sockets = subprocess.run(["ss", "-ltunpH"], capture_output=True, text=True, check=True).stdout
    own = {f"pid={process}," for process in Cgroup(cloud.layout.cgroup).processes()}
    return {line.split()[4] for line in sockets.splitlines() if any(process in line for process in own)}


def _named(directory: Path, name: str) -> set[str]:
    return (
        {str(path) for path in directory.iterdir() if path.name.endswith(name)}
        if directory.is_dir()
        else set()
    )


def _loop_devices(name: str) -> set[str]:
    command = ["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    devices: list[dict[str, str | None]] = json.loads(listing)["loopdevices"] if listing.strip() else []
    return {str(device["name"]) for device in devices if f"/{name}/" in (device["back-file"] or "")}


def _control_groups(name: str) -> set[str]:
    with tempfile.TemporaryDirectory() as directory:
        point = Path(directory)
        cgroups.mount(point)
        try:
            return {str(path) for path in point.glob(f"localcloud/{name}/**")}
        finally:
            cgroups.unmount(point)


def _processes(name: str) -> set[str]:
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"localcloud/{name}/" in command or f"localcloud-{name} " in command:
            found.add(f"{process.name} {command}")
    return found
