"""A new cluster whose members would not find each other is refused before its first droplet, by the real engine."""

from __future__ import annotations

from pathlib import Path

from localcloud.api.cloud import Limits
from localcloud.machines.interface import NoMachines
from localcloud.tokens import SECOND_DISCOVERY_TOKEN
from tests.cluster.previews import PreviewedStack
from tests.localcloud.api.conftest import Lab

DROPLET = "digitalocean:index/droplet:Droplet"


def test_a_discovery_token_of_another_account_creates_no_droplet(tmp_path: Path) -> None:
    for folder in ("cloud", "project"):
        (tmp_path / folder).mkdir()
    lab = Lab(tmp_path / "cloud", NoMachines(), Limits())
    lab.start()
    try:
        stack = PreviewedStack(lab, tmp_path / "project")
        refused = stack.up(discoveryToken=SECOND_DISCOVERY_TOKEN)
        assert refused.returncode != 0
        assert (
            "etcd:discoveryToken does not see the tag etcd-etcd-dev, which digitalocean:token"
            in refused.stdout
        )
        assert "Traceback" not in refused.stdout
        assert DROPLET not in stack.types()
        created = [one.path for one in lab.services.traffic.requests if one.method == "POST"]
        assert "/v2/droplets" not in created
        corrected = stack.preview()
        assert corrected.returncode == 0, corrected.stdout
    finally:
        lab.stop()
