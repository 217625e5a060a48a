"""A new cluster whose members would not find each other is refused before its first droplet, by the real engine."""

from __future__ import annotations

from pathlib import Path

from localcloud.tokens import SECOND_DISCOVERY_TOKEN
from tests.cluster.previews import PreviewedStack
from tests.localcloud.conftest import Lab

DROPLET = "digitalocean:index/droplet:Droplet"


def test_a_discovery_token_of_another_account_creates_no_droplet(silent_lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    stack = PreviewedStack(silent_lab, tmp_path / "project")
    refused = stack.up(discoveryToken=SECOND_DISCOVERY_TOKEN)
    assert refused.returncode != 0
    assert (
        "etcd:discoveryToken does not see the tag etcd-etcd-dev, which digitalocean:token" in refused.stdout
    )
    assert "Traceback" not in refused.stdout
    assert DROPLET not in stack.types()
    created = [one.path for one in silent_lab.services.traffic.requests if one.method == "POST"]
    assert "/v2/droplets" not in created
    corrected = stack.preview()
    assert corrected.returncode == 0, corrected.stdout
