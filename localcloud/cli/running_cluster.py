"""Finds the cluster of a folder's stack."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.operator import STACK
from localcloud.machines.stack import NEEDED, Stack, stack_of

_LIMIT = 30.0


def find_cluster(cloud: LocalCloud, directory: Path) -> tuple[Stack, Mapping[str, Any]]:
    """The folder's stack, and its outputs. Raises ``LocalCloudError`` if it has no cluster."""

    def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
        return cloud.run(argv, cwd=directory, capture_output=True, text=True, timeout=_LIMIT)

    cloud.check_running()
    stack = stack_of(cloud.layout, directory, STACK)
    outputs = stack.outputs(run)
    if not outputs.get("endpoints") or not outputs.keys() >= NEEDED:
        command = f"{CHECKOUT}/.venv/bin/localcloud run -- pulumi up"
        up = "make up" if stack.directory == CHECKOUT else command
        raise LocalCloudError(f"the stack of {stack.directory} has no cluster: run {up}")
    return stack, outputs
