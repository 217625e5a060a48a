"""The program as an earlier commit had it, taken from the repository's history."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from localcloud.checkout import CHECKOUT
from testbed.cluster import PROGRAM

FLAT_LAYOUT = "2ee4fa8ceb77f5eecbda2de832f492ab51f1bdd2"
"""The last commit with all modules of the program in one folder."""


def extract_program(commit: str, target: Path) -> Path:
    """Write the program of a commit into a folder, and return the folder.

    A checkout without history cannot do that: the test is skipped, and fails in CI.
    """
    archive = subprocess.run(
        ["git", "-C", str(CHECKOUT), "archive", commit, *PROGRAM], capture_output=True, check=False
    )
    if archive.returncode != 0:
        reason = f"commit {commit[:7]} is not in this checkout's history: {archive.stderr.decode().strip()}"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}. CI needs a clone with the whole history")
        pytest.skip(reason)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(target, filter="data")
    return target
