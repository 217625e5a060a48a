"""A creation may be interrupted: the next `pulumi up` finds what the state does not know, and finishes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster
from testbed.update import Update

MADE = ("vpc:Vpc::{}-vpc", "Firewall::{}-firewall", "Volume::{}-1", "Droplet::{}-1", "DnsRecord::{}-1")


@pytest.mark.timeout(300)
def test_one_run_finishes_after_an_engine_was_killed_during_any_creation(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    born = Cluster(cloud, tmp_path, "born", domain="born.example.test", size=1)
    left = {kind.format("etcd-etcd-born") for kind in MADE}
    while left:
        update = Update(born)
        update.begins_one_of("create", left)
        # The API answers within this time. The engine may or may not have recorded the answer.
        time.sleep(0.1)
        update.kill()
        # Creations that ran in parallel were interrupted too, or are complete.
        left -= update.begun("create", left)
        born.pulumi("cancel", "--yes")
    born.up()
    born.etcdctl("endpoint", "health")
    born.up("--expect-no-changes")
    born.destroy()
