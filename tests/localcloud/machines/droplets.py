"""Requests to the local cloud's DigitalOcean API, from inside its namespace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.addresses import DIGITALOCEAN_URL
from localcloud.cloud import LocalCloud
from localcloud.tokens import DIGITALOCEAN_TOKEN

from .lab import BOOTED, eventually


def call(cloud: LocalCloud, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send a request to the API; the result is empty for an answer without a body."""
    argv = ["curl", "--silent", "--fail-with-body", "--max-time", "30", "--request", method]
    argv += [
        "--header",
        f"Authorization: Bearer {DIGITALOCEAN_TOKEN}",
        "--header",
        "Content-Type: application/json",
    ]
    argv += ["--data", json.dumps(body)] if body is not None else []
    result = cloud.run([*argv, f"{DIGITALOCEAN_URL}/v2{path}"], cwd=Path("/"), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    return json.loads(result.stdout) if result.stdout else {}


def create(cloud: LocalCloud, *names: str, user_data: str = "#cloud-config\n", **more: Any) -> list[int]:
    """Create droplets and wait until they are active and have booted."""
    body = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "user_data": user_data, **more}
    ids = [int(call(cloud, "POST", "/droplets", body | {"name": name})["droplet"]["id"]) for name in names]
    await_active(cloud, ids)
    for name in names:
        eventually(lambda: inside(cloud, name, BOOTED) == "booted", f"{name} to boot", 90)  # noqa: B023
    return ids


def await_active(cloud: LocalCloud, ids: Sequence[int]) -> None:
    """Wait until all droplets are active."""
    for id_ in ids:
        eventually(lambda: status(cloud, id_) == "active", f"droplet {id_} to be active", 90)  # noqa: B023


def status(cloud: LocalCloud, droplet: int) -> str:
    """Return a droplet's status in the API."""
    return str(call(cloud, "GET", f"/droplets/{droplet}")["droplet"]["status"])


def inside(cloud: LocalCloud, name: str, script: str) -> str:
    """Run a script inside a machine, and return its output."""
    return str(
        cloud.exec(name, ["sh", "-c", script], capture_output=True, text=True, timeout=60).stdout
    ).strip()
