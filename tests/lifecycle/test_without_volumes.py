"""Members with data on their droplets' own disks: a replaced one has lost it, and joins again."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import httpx
import pytest

from localcloud.cloud import LocalCloud
from testbed.changes import one_member
from testbed.cluster import UP_LIMIT
from testbed.update import killed_at
from tests.lifecycle.certificate_files import put_expired, put_issued
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live
from tests.lifecycle.repairs import recreated, repair, replaced_by_command, replaced_for_drift, replaces
from tests.lifecycle.sizes import grows, shrinks

PRIVATE = IPv4Network("10.0.0.0/8")


@pytest.fixture(scope="module")
def bare(cloud: LocalCloud, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One member with data on its own disk and private addresses. The cases grow it to three and five."""
    settings = {"domain": "bare.example.test", "volumeSize": 0, "size": 1, "addresses": "private"}
    with Live(cloud, tmp_path_factory.mktemp("bare"), figures, "bare", **settings) as cluster:
        yield cluster
        cluster.read_all()
    cluster.destroy()


def test_the_only_copy_of_the_data_is_kept_until_others_have_it(bare: Live) -> None:
    before, kept = bare.droplets(), bare.names
    advice = f"{bare.name(1)} is the only member, and etcd:volumeSize is 0"
    preview = ("pulumi", "preview", "--non-interactive")
    assert advice in bare.run(*preview, *repair(bare, 1), limit=UP_LIMIT).stdout
    bare.configure(quotaGiB=3)
    assert advice in bare.run(*preview, limit=UP_LIMIT).stdout
    refusal = bare.fail()
    assert advice in refusal
    assert "Set etcd:size to 3 and run pulumi up" in refusal
    assert bare.droplets() == before
    bare.configure(size=3)
    # Not as short as planned changes are: clients know no other member than the first, which is replaced.
    with bare.case("bare: 1 to 3 members and a changed setting", planned=False, members=kept):
        bare.up()
    assert bare.droplets()[bare.name(1)] != before[bare.name(1)]
    assert bare.ids().keys() == set(bare.names)


def test_members_and_clients_are_given_private_addresses_alone(bare: Live) -> None:
    members = bare.members()
    assert {address for address in members.values() if IPv4Address(address) not in PRIVATE} == set()
    records = bare.cloud.status().records
    assert {name: records[name] for name in members} == {
        name: (address,) for name, address in members.items()
    }
    hosts = bare.on(bare.name(1), "cat /etc/hosts")
    assert [name for name, address in members.items() if f"{address} {name}" not in hosts] == []


def test_members_without_volumes_roll_one_at_a_time(bare: Live) -> None:
    bare.configure(quotaGiB=4)
    with replaces(bare, 1, 2, 3), bare.case("a changed setting, without data volumes"):
        bare.up()


def test_a_member_is_replaced_by_command(bare: Live) -> None:
    replaced_by_command(bare, 2)


def test_a_droplet_that_has_drifted_is_replaced_by_the_next_run(bare: Live, control: httpx.Client) -> None:
    replaced_for_drift(bare, control, 1)


def test_a_run_killed_after_a_members_data_is_gone_is_finished_by_the_next(bare: Live) -> None:
    with replaces(bare, 2), bare.case("bare: engine killed between deletion and creation", planned=False):
        killed_at(bare, "create-replacement", f"Droplet::etcd-etcd-{bare.stack}-2", *one_member(bare, 2))
        bare.up()


def test_a_droplet_deleted_outside_is_recreated(bare: Live) -> None:
    recreated(bare, 3)


def test_a_member_that_is_off_is_replaced_by_command(bare: Live) -> None:
    away = bare.name(1)
    with (
        replaces(bare, 1),
        bare.case("bare: a member that was off", planned=False),
        bare.broken(away),
    ):
        bare.digitalocean("POST", f"/v2/droplets/{bare.droplets()[away]}/actions", {"type": "power_off"})
        bare.wait_down(away)
        # The others compact their logs, so the member needs a snapshot.
        bare.etcdctl("compact", str(bare.revision()))
        bare.up(*repair(bare, 1))
        bare.up()


def test_expired_certificates_are_renewed_by_hand_on_running_members(bare: Live) -> None:
    cut_off, before = bare.name(1), bare.droplets()
    with bare.case("bare: expired certificates, renewed by hand", planned=False), bare.broken(cut_off):
        put_expired(bare)
        refusal = bare.fail()
        assert "its certificate has expired" in refusal
        assert "put these on the members by hand" in refusal
        assert "all-at-once" not in refusal
        bare.on(cut_off, "systemctl restart --no-block etcd")
        bare.wait_down(cut_off)
        put_issued(bare)
        for name in bare.names:
            bare.on(name, "systemctl restart etcd-guard")
    bare.up("--expect-no-changes")
    assert bare.droplets() == before


def test_three_members_become_five_and_three_again(bare: Live, control: httpx.Client) -> None:
    grows(bare, control, 3, 5)
    shrinks(bare, 5, 3)
