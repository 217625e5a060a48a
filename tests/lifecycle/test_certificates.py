"""Rolling changes renew certificates and replace their authority, without an effect on clients."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from localcloud.cloud import LocalCloud
from testbed.cluster import FILES, UP_LIMIT, writes
from testbed.update import killed_at
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live

UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
LIFE_SECONDS = 1200
"""Longer than a rolling change on a busy machine, so that certificates of the run before do not expire meanwhile."""
DUE_AFTER_SECONDS = 5
SHORT_SECONDS = 90
"""Longer than the boots of three members on a busy machine: one that starts later serves nobody."""
PATIENCE = 10
"""Seconds that a run waits for health before it refuses: the least that the settings allow."""


@pytest.mark.parametrize("command", [UP, ("pulumi", "preview", "--non-interactive")], ids=["up", "preview"])
def test_a_rotation_that_cuts_members_off_is_refused_before_any_change(
    live: Live, control: httpx.Client, command: tuple[str, ...]
) -> None:
    live.configure(authorities=[2])
    control.delete("/requests")
    result = live.run(*command, limit=UP_LIMIT)
    live.configure(authorities=None)
    assert result.returncode != 0
    assert "etcd:authorities is [2], and was [1]" in result.stdout
    assert "Set it to [1, 2] and complete a pulumi up first" in result.stdout
    assert "Traceback" not in result.stdout
    assert writes(control) == []


def test_a_client_with_the_old_bundle_works_until_the_last_rotation_step(live: Live, tmp_path: Path) -> None:
    live.save_bundle(tmp_path)
    live.configure(authorities=[1, 2])
    with live.case("CA rotation: [1, 2] interrupted, old clients"):
        killed_at(live, "delete-replaced", f"Droplet::etcd-etcd-{live.stack}-2")
        refused_until_the_step_is_finished(live, [2, 1], f"{live.name(3)} does not trust CA 2 yet", [1, 2])
        live.up()
    assert works(live, tmp_path)
    live.configure(authorities=[2, 1])
    with live.case("CA rotation: [2, 1], old clients"):
        live.up()
    assert works(live, tmp_path)
    live.save_bundle(live.bundle)
    live.configure(authorities=[2])
    with live.case("CA rotation: [2], new clients"):
        live.up()
    live.save_bundle(live.bundle)
    assert not works(live, tmp_path)


def test_a_cluster_survives_two_renewals_and_expired_certificates(
    cloud: LocalCloud, figures: Figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALCLOUD_TLS_HOUR_SECONDS", "1")
    with Live(
        cloud,
        tmp_path,
        figures,
        "renewal",
        domain="renewal.example.test",
        certificateValidityHours=LIFE_SECONDS,
        certificateRenewalHours=LIFE_SECONDS - DUE_AFTER_SECONDS,
    ) as cluster:
        for number in (1, 2):
            before = cluster.outputs()["certificates"]
            sleep_until(before["renewsFrom"])
            with cluster.case(f"renewal {number}"):
                said = cluster.up()
                cluster.save_bundle(cluster.bundle)
            assert (
                f"certificates expire on {before['renewBefore']}, and members will reject each other" in said
            )
            assert cluster.outputs()["certificates"]["renewBefore"] > before["renewBefore"]

        with cluster.broken(*cluster.names):
            # The run may fail: on a busy machine it may see the certificates expire.
            cluster.configure(
                rollout="all-at-once",
                certificateValidityHours=SHORT_SECONDS,
                certificateRenewalHours=SHORT_SECONDS - DUE_AFTER_SECONDS,
            )
            cluster.run(*UP, limit=UP_LIMIT)
            time.sleep(SHORT_SECONDS)
            cluster.configure(
                rollout=None,
                certificateValidityHours=LIFE_SECONDS,
                certificateRenewalHours=LIFE_SECONDS - DUE_AFTER_SECONDS,
            )
            members = cluster.droplets()
            with cluster.configured(healthTimeoutSeconds=PATIENCE):
                refusal = cluster.fail()
            assert "its certificate has expired" in refusal
            assert "pulumi config set etcd:rollout all-at-once" in refusal
            assert cluster.droplets() == members
            cluster.configure(rollout="all-at-once")
            cluster.up()
            cluster.save_bundle(cluster.bundle)
        cluster.configure(rollout=None)
        with cluster.case("after expired certificates"):
            time.sleep(1)
        cluster.destroy()


def refused_until_the_step_is_finished(
    live: Live, authorities: list[int], reason: str, finish: list[int]
) -> None:
    """Assert that the next step is refused, naming the members that are behind. Then set ``finish`` again."""
    before = live.droplets()
    live.configure(authorities=authorities)
    refusal = live.fail()
    assert f"etcd:authorities is {authorities}: {reason}" in refusal
    assert f"Set it to {finish} and complete a pulumi up first" in refusal
    assert live.droplets() == before
    live.configure(authorities=finish)


def works(live: Live, bundle: Path) -> bool:
    """Whether every member answers etcdctl with these files alone."""
    names = [option for variable in FILES for option in ("-u", variable)]
    options = (f"--cacert={bundle / 'ca.pem'}", f"--cert={bundle / 'client.pem'}")
    command = ("etcdctl", *options, f"--key={bundle / 'client-key.pem'}", "endpoint", "health")
    return live.run("env", *names, *command).returncode == 0


def sleep_until(moment: str) -> None:
    """Sleep until a date of the output ``certificates`` is past."""
    left = datetime.fromisoformat(moment) - datetime.now(UTC)
    time.sleep(max(0.0, left.total_seconds()) + 1)
