"""A user interrupts a run that waits for members, whose cluster is in the package's plugin, on the real engine."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from localcloud.checkout import CHECKOUT
from tests.localcloud.conftest import Lab
from tests.localcloud.engine_project import wait_until
from tests.programs.callers_stack import CallersStack
from tests.programs.python_program import write_project

PROGRAM = """
import pulumi

cluster = pulumi.Config().require_object("cluster")
pulumi.ComponentResource("etcd:index:EtcdCluster", "store", cluster, remote=True)
"""
PATIENCE = 600
"""Seconds that the run would wait for members."""
SOON = 120
"""Seconds within which an interrupted run ends, on a busy machine as well."""


class PackageCaller(CallersStack):
    """A project whose program asks the package for a cluster, as one in another language does."""

    def write_program(self, folder: Path) -> None:
        """Write the project."""
        write_project(folder, "shop", PROGRAM, packages={"etcd": str(CHECKOUT / "plugin")})


def test_an_interrupted_run_of_the_package_ends_its_wait(silent_lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    stack = PackageCaller(silent_lab, tmp_path / "project")
    printed = tmp_path / "printed"
    # Without machines, no member becomes healthy.
    with printed.open("w") as output:
        update = stack.begin_up(output.fileno(), healthTimeoutSeconds=PATIENCE)
        try:
            wait_until(lambda: "unhealthy members" in printed.read_text())
            began = time.monotonic()
            update.send_signal(signal.SIGINT)
            update.wait(PATIENCE)
            assert time.monotonic() - began < SOON
        finally:
            update.kill()
    assert "the run was interrupted" in printed.read_text()
    assert "Traceback" not in printed.read_text()
