"""What docs/monitoring.md has an operator type works in the state that it is for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .lab import Lab, Node

DOCS = Path(__file__).parents[2] / "docs"


def shell(nodes: list[Node], command: str) -> subprocess.CompletedProcess[str]:
    """A command with the README's environment."""
    etc = nodes[0].places.etc
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60,
        env={
            "PATH": f"{nodes[0].lab.binaries}:/usr/bin:/bin",
            "ETCDCTL_ENDPOINTS": ",".join(f"https://{node.name}:2379" for node in nodes),
            "ETCDCTL_CACERT": str(etc / "ca.pem"),
            "ETCDCTL_CERT": str(etc / "server.pem"),
            "ETCDCTL_KEY": str(etc / "server-key.pem"),
        },
    )  # fmt: skip


def test_the_runbooks_first_look_shows_the_members_that_are_left_without_a_quorum(lab: Lab) -> None:
    nodes = lab.found(3)
    for node in nodes[1:]:
        node.power_off()
    look = (DOCS / "monitoring.md").read_text().split("## Runbook\n")[1].split("\n### ")[0]
    health, status = re.findall(r"^    (etcdctl .+)$", look, re.MULTILINE)
    seen = shell(nodes, health)
    assert all(f"https://{node.name}:2379 is unhealthy" in seen.stdout + seen.stderr for node in nodes)
    table = shell(nodes, status).stdout
    assert f"https://{nodes[0].name}:2379" in table
    assert "3.6.14" in table


def test_no_command_names_endpoints_twice() -> None:
    # etcdctl ends with "conflicting environment variable" where both name them.
    for page in ("monitoring.md", "backup.md", "upkeep.md"):
        assert not re.findall(r"etcdctl[^`\n]* --endpoints", (DOCS / page).read_text())
