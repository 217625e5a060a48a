"""Certificates are renewed and authorities replaced with authentication on. Peers move to authorities of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from localcloud.checkout import CHECKOUT
from localcloud.cloud import LocalCloud
from testbed.cluster import UP_LIMIT
from tests.access.stack import APP, WRITER, AccessStack
from tests.lifecycle.certificate_files import expire
from tests.lifecycle.earlier_program import extract_program
from tests.lifecycle.figures import Figures
from tests.lifecycle.repairs import replaces
from tests.lifecycle.test_certificates import sleep_until

ONE_AUTHORITY = "f988eb4"
"""The last commit whose peers and clients have the same authority."""
LIFE_SECONDS = 1200
"""Longer than a rolling change on a busy machine."""
DUE_AFTER_SECONDS = 5
SHORT_SECONDS = 90
"""Longer than the boots of three members on a busy machine: one that starts later serves nobody."""
MANAGEMENT = "/etc/etcd/management.pem"


def test_the_peers_of_an_existing_cluster_move_to_their_own_authority(
    cloud: LocalCloud, figures: Figures, tmp_path: Path
) -> None:
    folder, files = tmp_path / "project", tmp_path / "files"
    folder.mkdir()
    earlier = extract_program(ONE_AUTHORITY, tmp_path / "earlier")
    old = AccessStack(cloud, folder, figures, "moving", domain="moving.example.test")
    old.use_program(earlier)
    with old as cluster:
        cluster.use_program(CHECKOUT)
        cluster.configure(auth=False, clients=cluster.clients())
        with replaces(cluster, 1, 2, 3), cluster.case("an existing cluster gets clients"):
            cluster.up()
        # A connection keeps the certificate that it began with, here the operator's, which has no user.
        cluster.save_bundle(cluster.bundle)
        cluster.reconnect_clients()
        cluster.configure(auth=True)
        with replaces(cluster), cluster.case("an existing cluster gets authentication"):
            cluster.up()
        cluster.save_client(APP, files)
        # The first authority signs peers and clients, as before.
        assert peer_port(cluster, files).endswith("200")
        for authorities in ([1, 2], [2, 1], [2]):
            cluster.configure(authorities=authorities)
            with cluster.case(f"CA rotation with authentication: {authorities}"):
                cluster.up()
            cluster.save_bundle(cluster.bundle)
            cluster.save_client(APP, files)
            if authorities == [2]:
                said = peer_port(cluster, files)
                assert said.endswith("000"), said
                assert " alert " in said
        assert cluster.may(WRITER, "get", f"/{cluster.stack}/0000000001")
        cluster.up("--expect-no-changes")
        cluster.read_all()
    cluster.destroy()


@pytest.fixture(scope="module")
def short_lived(
    cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccessStack]:
    """Three members whose certificates live for minutes."""
    created = AccessStack(
        cloud, tmp_path_factory.mktemp("renewal"), figures, "renewal",
        domain="renewal.example.test", auth=True, **valid_for(LIFE_SECONDS),
    )  # fmt: skip
    created.configure(clients=created.clients())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALCLOUD_TLS_HOUR_SECONDS", "1")
        with created as cluster:
            yield cluster
        cluster.destroy()


def test_certificates_are_renewed_under_an_application(short_lived: AccessStack) -> None:
    cluster = short_lived
    before = {name: cluster.on(name, f"cat {MANAGEMENT}") for name in cluster.names}
    sleep_until(cluster.outputs()["certificates"]["renewsFrom"])
    with cluster.case("renewal, with authentication"):
        cluster.up()
        cluster.save_bundle(cluster.bundle)
    assert all(cluster.on(name, f"cat {MANAGEMENT}") != text for name, text in before.items())
    assert cluster.is_enforced()


def test_a_member_says_that_its_management_certificate_has_expired(
    short_lived: AccessStack,
) -> None:
    cluster, name = short_lived, short_lived.name(1)
    expire(cluster, 1, "management")
    failed = cluster.back_up(name)
    assert failed.returncode != 0
    assert "expired" in failed.stdout
    sleep_until(cluster.outputs()["certificates"]["renewsFrom"])
    with replaces(cluster, 1, 2, 3), cluster.case("after an expired management certificate"):
        cluster.up()
    cluster.save_bundle(cluster.bundle)
    assert cluster.back_up(name).returncode == 0


def test_a_cluster_whose_certificates_have_all_expired_is_renewed_all_at_once(
    short_lived: AccessStack,
) -> None:
    cluster = short_lived
    with cluster.broken(*cluster.names):
        cluster.configure(rollout="all-at-once", **valid_for(SHORT_SECONDS))
        # The run may fail: on a busy machine it may see the certificates expire.
        cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
        time.sleep(SHORT_SECONDS)
        assert not cluster.with_bundle(cluster.bundle, "get", f"/{cluster.stack}/").stdout.startswith("/")
        cluster.configure(**valid_for(LIFE_SECONDS))
        cluster.up()
        cluster.save_bundle(cluster.bundle)
    cluster.configure(rollout=None)
    with cluster.case("after expired certificates, with authentication"):
        time.sleep(1)
    assert cluster.is_enforced()


def valid_for(seconds: int) -> Mapping[str, int]:
    """Settings of certificates that live for seconds, where an hour is a second, and are due at once."""
    return {
        "certificateValidityHours": seconds,
        "certificateRenewalHours": seconds - DUE_AFTER_SECONDS,
    }


def peer_port(cluster: AccessStack, files: Path) -> str:
    """What a member's peer port answers a client, from another member's machine."""
    listed = json.loads(cluster.etcdctl("member", "list", "-w", "json"))["members"]
    assert len(listed) == len(cluster.names)
    return cluster.peer_port_answers(files, cluster.name(1), cluster.name(2), "/members")
