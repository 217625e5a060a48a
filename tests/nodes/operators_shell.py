"""An operator's shell, set up as the README says."""

from __future__ import annotations

import subprocess

from .lab import Node


def credentials(node: Node) -> dict[str, str]:
    """etcdctl's environment variables with the certificate files of a member."""
    etc = node.paths.etc
    return {
        "ETCDCTL_CACERT": str(etc / "ca.pem"),
        "ETCDCTL_CERT": str(etc / "server.pem"),
        "ETCDCTL_KEY": str(etc / "server-key.pem"),
    }


def endpoints(nodes: list[Node]) -> list[str]:
    """The client URLs of all members."""
    return [f"https://{node.name}:2379" for node in nodes]


def shell(
    nodes: list[Node], command: str, *options: str, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command in bash with etcdctl's environment. ``options`` are bash's, such as ``-e``."""
    return subprocess.run(
        ["bash", *options, "-c", command], capture_output=True, text=True, check=False, timeout=seconds,
        env={
            "PATH": f"{nodes[0].lab.binaries}:/usr/bin:/bin",
            "ETCDCTL_ENDPOINTS": ",".join(endpoints(nodes)),
            **credentials(nodes[0]),
        },
    )  # fmt: skip
