"""A cluster of an earlier version of the program is taken over by this one, without losing anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from tests.lifecycle.earlier_program import FLAT_LAYOUT, extract_program
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import replaces

REPLACED = {"digitalocean:index/droplet:Droplet"}


@pytest.mark.parametrize("volume_size", [10, 0], ids=["with volumes", "without volumes"])
def test_one_rolling_change_takes_over_a_cluster_of_the_flat_layout(
    cloud: LocalCloud, figures: Figures, tmp_path: Path, volume_size: int
) -> None:
    earlier = extract_program(FLAT_LAYOUT, tmp_path / "earlier")
    stack = f"old{volume_size}"
    folder = tmp_path / "project"
    folder.mkdir()
    old = Live(cloud, folder, figures, stack, domain=f"{stack}.example.test", volumeSize=volume_size)
    old.use_program(earlier)
    with old as cluster:
        cluster.use_program(CHECKOUT)
        assert replaced_types(cluster) == REPLACED
        with (
            replaces(cluster, 1, 2, 3),
            cluster.case(f"{stack}: taken over from the flat layout", clients_cut=False),
        ):
            cluster.up()
        cluster.up("--expect-no-changes")
        cluster.read_all()
    cluster.destroy()


def replaced_types(cluster: Live) -> set[str]:
    """Types of the resources that a preview would delete or replace."""
    result = cluster.cloud.run(
        ["pulumi", "preview", "--json", "--non-interactive"],
        cwd=cluster.folder,
        env={"PULUMI_STACK": cluster.stack},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    steps = json.loads(result.stdout)["steps"]
    gone = [
        step["urn"]
        for step in steps
        if step["op"] in {"delete", "delete-replaced", "replace", "create-replacement"}
    ]
    return {urn.split("::")[2].rpartition("$")[2] for urn in gone}
