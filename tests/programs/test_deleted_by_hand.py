"""A droplet that was deleted by hand is named at once by a run without a refresh, on the real engine."""

from __future__ import annotations

from pathlib import Path

import httpx

from localcloud.tokens import DIGITALOCEAN_TOKEN
from tests.localcloud.conftest import Lab
from tests.programs.callers_stack import CallersStack
from tests.programs.python_program import write_project

PROGRAM = """
import pulumi
from etcd_digitalocean import EtcdCluster

EtcdCluster("store", pulumi.Config().require_object("cluster"))
"""
MEMBER = "etcd-server-2.etcd.example.test"


class PythonCaller(CallersStack):
    """A program in Python, whose runs do not begin with a refresh."""

    def write_program(self, folder: Path) -> None:
        """Write the project."""
        write_project(folder, "shop", PROGRAM)

    def droplets(self) -> dict[str, int]:
        """Ids of the account's droplets by name."""
        listed = self._ask("GET", "droplets").json()["droplets"]
        return {one["name"]: one["id"] for one in listed}

    def delete_droplet(self, droplet: int) -> None:
        """Delete a droplet, as somebody does in the control panel."""
        self._ask("DELETE", f"droplets/{droplet}")

    def _ask(self, method: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {DIGITALOCEAN_TOKEN}"}
        return httpx.request(method, f"{self.digitalocean}/v2/{path}", headers=headers).raise_for_status()


def test_a_run_names_the_deleted_droplet_and_the_refresh_that_creates_it(
    silent_lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    stack = PythonCaller(silent_lab, tmp_path / "project")
    # Without machines, no member becomes healthy.
    stack.up(healthTimeoutSeconds=10)
    before = stack.droplets()
    stack.delete_droplet(before[MEMBER])
    # A run that waits would not end in time.
    refused = stack.up()
    assert refused.returncode != 0
    assert f"no droplet {MEMBER} ({before[MEMBER]}) any more" in refused.stdout
    assert "Run pulumi up --refresh, which creates it" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert stack.droplets() == {name: id_ for name, id_ in before.items() if name != MEMBER}
    repaired = stack.up("--refresh", healthTimeoutSeconds=10)
    assert "any more" not in repaired.stdout
    assert stack.droplets().keys() == before.keys()
