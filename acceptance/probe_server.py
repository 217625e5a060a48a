"""Runs on the probe droplet: tells what the droplet's system has, and blocks its shutdown until it may end.

It uses Python's standard library alone. It answers on port 8000, and only below a path that nobody can guess.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT = 8000
INHIBIT = ("systemd-inhibit", "--what=shutdown", "--mode=block", "--who=acceptance", "--why=probe", "cat")
COMMANDS = {
    "system": "cat /etc/os-release; uname -r; systemctl --version | head -1; python3 --version; cloud-init --version",
    "mounts": "findmnt --noheadings --raw --output TARGET,SOURCE,FSTYPE,OPTIONS",
    "block devices": "lsblk --raw --output NAME,SIZE,FSTYPE,LABEL,MOUNTPOINT; ls -l /dev/disk/by-id",
    "mount units": "systemctl list-units --all --no-legend --no-pager --type=mount,automount",
    "udev rules": "grep -rIl 'DO_Volume\\|digitalocean' /etc/udev /run/udev /lib/udev/rules.d | xargs -r tail -n +1",
    "inhibitors": "systemd-inhibit --list --no-legend --no-pager",
    "shutdown requests": "journalctl --unit systemd-logind --no-pager --output short-iso | tail -40",
    "power key": "systemd-analyze cat-config systemd/logind.conf --no-pager | grep '^[^#]'",
    "packages": "dpkg-query --show --showformat '${Package} ${Version}\\n'",
    "units": "systemctl list-unit-files --no-legend --no-pager --state=enabled",
    "clock": "timedatectl show; timedatectl timesync-status",
    "commands": "for name in curl openssl e2fsck resize2fs blkid tar gzip; do command -v $name || echo no $name; done",
    "cloud-init": "cloud-init status --long",
    "boots": "journalctl --list-boots --no-pager",
}
"""A shell command for each fact. None of them shows user data, a token or a key."""

SECONDS = 20
LONGEST = 60_000
"""Characters of one fact at most."""


class Probe(BaseHTTPRequestHandler):
    """Answers ``GET /SECRET/facts`` and ``POST /SECRET/release``."""

    secret = ""
    blocker: subprocess.Popen[bytes] | None = None

    def do_GET(self) -> None:
        """Tell the facts."""
        if self.path == f"/{self.secret}/facts":
            facts = {name: output(command) for name, command in COMMANDS.items()}
            self.answer(200, {"time": time.time(), "facts": facts})
        else:
            self.answer(404, {})

    def do_POST(self) -> None:
        """Allow the shutdown."""
        if self.path == f"/{self.secret}/release" and self.blocker is not None:
            self.blocker.communicate()
            self.answer(200, {})
        else:
            self.answer(404, {})

    def answer(self, status: int, body: object) -> None:
        """Send JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the path is a secret."""


def output(command: str) -> str:
    """What a shell command prints on both of its outputs."""
    try:
        done = subprocess.run(
            ["sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS} s"
    return done.stdout[:LONGEST]


if __name__ == "__main__":
    Probe.secret = Path(sys.argv[1]).read_text(encoding="ascii").strip()
    Probe.blocker = subprocess.Popen(INHIBIT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    ThreadingHTTPServer(("", PORT), Probe).serve_forever()
