"""Previews of the program by the real engine, in a local cloud without machines."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from localcloud.checkout import CHECKOUT
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN
from localcloud.toolchain.commands import ensure_commands
from testbed.cluster import PROGRAM
from tests.localcloud.conftest import ZONE_ID, Lab

LIMIT = 240


class PreviewedStack:
    """A stack in an empty account. Nothing but the APIs of the local cloud can be reached."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._folder = folder
        self.digitalocean = lab.url("digitalocean")
        self.cloudflare = f"{lab.url('cloudflare')}/client/v4"
        self.write_program(folder)
        (folder / ".venv").symlink_to(CHECKOUT / ".venv")
        commands, home, backend = (folder / name for name in ("commands", "home", "backend"))
        for made in (commands, home, backend):
            made.mkdir()
        ensure_commands(commands, home)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self._environment = kept | {
            "PATH": f"{commands}:{kept['PATH']}",
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        }
        self._pulumi("stack", "init")

    def write_program(self, folder: Path) -> None:
        """Link the project folder to the program of the checkout."""
        for name in PROGRAM:
            (folder / name).symlink_to(CHECKOUT / name)

    def preview(self, *options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        """Preview the stack with these settings of the program, with both outputs as one text."""
        self._configure(changes)
        return self._pulumi("preview", *options)

    def up(self, *options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        """Run the program with these settings without a preview, with both outputs as one text."""
        self._configure(changes)
        return self._pulumi("up", "--yes", "--skip-preview", *options)

    def begin_up(self, output: int, **changes: Any) -> subprocess.Popen[str]:
        """Start such a run in a process group of its own. Standard output and standard error go to ``output``."""
        self._configure(changes)
        return subprocess.Popen(
            self._command("up", "--yes", "--skip-preview"),
            cwd=self._folder,
            env=self._environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def types(self) -> set[str]:
        """Types of the resources in the stack's state."""
        deployment = json.loads(self._pulumi("stack", "export").stdout)["deployment"]
        return {resource["type"] for resource in deployment.get("resources", [])}

    def values(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What the program reads from its own configuration, with these settings changed."""
        settings = {
            "discoveryApiUrl": self.digitalocean,
            "discoveryToken": DISCOVERY_TOKEN,
            "domain": "etcd.example.test",
            "zone": "example.test",
            "clientCidrs": ["198.51.100.0/24"],
            **changes,
        }
        return {f"etcd:{key}": value for key, value in settings.items()}

    def _configure(self, changes: Mapping[str, Any]) -> None:
        config = {
            "digitalocean:apiEndpoint": self.digitalocean,
            "digitalocean:token": DIGITALOCEAN_TOKEN,
            "cloudflare:baseUrl": self.cloudflare,
            "cloudflare:apiToken": CLOUDFLARE_TOKEN,
            **self.values(changes),
        }
        document = self._folder / "Pulumi.dev.yaml"
        salted: dict[str, Any] = yaml.safe_load(document.read_text()) if document.exists() else {}
        document.write_text(yaml.safe_dump({**salted, "config": config}))

    def add_record(self, kind: str, name: str, content: str, **more: Any) -> None:
        """Add a DNS record, as somebody else would."""
        body = {"type": kind, "name": name, "content": content, "ttl": 300, **more}
        answer = httpx.post(
            f"{self.cloudflare}/zones/{ZONE_ID}/dns_records",
            json=body,
            headers={"Authorization": f"Bearer {CLOUDFLARE_TOKEN}"},
        )
        answer.raise_for_status()

    def _pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def _command(self, *arguments: str) -> list[str]:
        return ["pulumi", *arguments, "--stack", "dev", "--non-interactive", "--color", "never"]
