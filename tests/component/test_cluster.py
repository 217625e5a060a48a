"""What one run of the program registers."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.droplets.preflight import PreflightError
from components.identity.cluster_identity import identity_of, identity_tag
from components.rollout.rollout import Rollout
from components.shared.names import member_name
from components.userdata.render import TooLargeError
from tests.component.clouds import KEY, OPERATOR
from tests.component.conftest import Plan, PlanOf, healthy_state
from tests.component.conftest import droplet as droplet_of

DROPLET = "digitalocean:index/droplet:Droplet"
VPC = "digitalocean:index/vpc:Vpc"
VOLUME = "digitalocean:index/volume:Volume"
FIREWALL = "digitalocean:index/firewall:Firewall"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
STASH = "pulumi:index:Stash"
TAG = "digitalocean:index/tag:Tag"
LEAF = "tls:index/locallySignedCert:LocallySignedCert"
BUCKET = "digitalocean:index/spacesBucket:SpacesBucket"
BACKUPS = {"backupBucket": "backups", "backupAccessKey": "access", "backupSecretKey": "secret"}
MADE_BUCKET = {**BACKUPS, "backupBucketCreate": True}
LATER = {"token": "t", "size": 3}
IDENTITY = identity_tag("etcd-etcd-fra1", identity_of("t"))


def test_a_member_is_a_droplet_a_volume_a_record_and_two_certificates(plan_of: PlanOf) -> None:
    plan = plan_of()
    assert [len(plan.of_type(kind)) for kind in (DROPLET, VOLUME, RECORD, LEAF)] == [3, 3, 3, 3 * 2 + 1]


def test_droplets_have_the_members_names_and_the_clusters_tags_alone(plan_of: PlanOf) -> None:
    droplets = plan_of(bootstrap=LATER).of_type(DROPLET)
    assert [item.inputs["name"] for item in droplets] == [
        f"etcd-server-{n}.etcd.example.com" for n in (1, 2, 3)
    ]
    assert all(item.inputs["tags"] == ["etcd-etcd-fra1", IDENTITY] for item in droplets)
    assert all(item.inputs["gracefulShutdown"] for item in droplets)


def test_dns_records_are_unproxied_with_a_short_ttl(plan_of: PlanOf) -> None:
    record = plan_of().one(RECORD, "etcd-etcd-fra1-2")
    assert (record.inputs["proxied"], record.inputs["ttl"], record.inputs["content"]) == (
        False,
        60,
        "203.0.113.2",
    )


def test_private_addresses_are_used_where_asked(plan_of: PlanOf) -> None:
    assert plan_of(addresses="private").one(RECORD, "etcd-etcd-fra1-2").inputs["content"] == "10.10.0.2"


def test_the_firewall_goes_by_tag_and_opens_nothing_but_etcd(plan_of: PlanOf) -> None:
    (firewall,) = plan_of().of_type(FIREWALL)
    assert firewall.inputs["tags"] == ["etcd-etcd-fra1"]
    assert "dropletIds" not in firewall.inputs
    assert firewall.inputs["inboundRules"] == [
        {"portRange": "2380", "protocol": "tcp", "sourceTags": ["etcd-etcd-fra1"]},
        *(
            {
                "portRange": port,
                "protocol": "tcp",
                "sourceAddresses": ["198.51.100.0/24"],
                "sourceTags": ["etcd-etcd-fra1"],
            }
            for port in ("2379", "2383")
        ),
    ]


def test_a_preview_names_a_firewall_that_keeps_the_operator_out(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    plan_of(droplets=3, bootstrap=LATER)
    assert warnings == []
    plan_of(droplets=3, bootstrap=LATER, clientCidrs=["192.0.2.0/24"])
    assert any(f"this machine reaches the members from {OPERATOR}" in warning for warning in warnings)


def test_ssh_is_opened_to_the_named_networks_alone(plan_of: PlanOf) -> None:
    (firewall,) = plan_of(sshCidrs=["198.51.100.7/32"]).of_type(FIREWALL)
    assert firewall.inputs["inboundRules"][3] == {
        "portRange": "22",
        "protocol": "tcp",
        "sourceAddresses": ["198.51.100.7/32"],
    }


def test_opening_metrics_to_a_network_changes_no_droplet(plan_of: PlanOf) -> None:
    closed, opened = plan_of(bootstrap=LATER), plan_of(bootstrap=LATER, metricsCidrs=["198.51.100.20/32"])
    (firewall,) = opened.of_type(FIREWALL)
    assert firewall.inputs["inboundRules"][3] == {
        "portRange": "2382-2383",
        "protocol": "tcp",
        "sourceAddresses": ["198.51.100.20/32"],
    }
    before, after = ([droplet.inputs for droplet in plan.of_type(DROPLET)] for plan in (closed, opened))
    assert before == after


def test_alert_policies_are_created_on_request_and_change_no_droplet(
    plan_of: PlanOf,
) -> None:
    silent, mailing = plan_of(bootstrap=LATER), plan_of(bootstrap=LATER, alertEmails=["ops@example.com"])
    kind = "digitalocean:index/monitorAlert:MonitorAlert"
    assert silent.of_type(kind) == []
    policies = mailing.of_type(kind)
    assert [policy.inputs["type"].rpartition("/")[2] for policy in policies] == [
        "cpu",
        "disk_utilization_percent",
        "memory_utilization_percent",
    ]
    assert all(policy.inputs["tags"] == ["etcd-etcd-fra1"] for policy in policies)
    assert all(policy.inputs["alerts"] == {"emails": ["ops@example.com"]} for policy in policies)
    before, after = ([droplet.inputs for droplet in plan.of_type(DROPLET)] for plan in (silent, mailing))
    assert before == after


def test_a_bucket_is_created_before_any_droplet_and_changes_none(plan_of: PlanOf) -> None:
    found, made = plan_of(bootstrap=LATER, **BACKUPS), plan_of(bootstrap=LATER, **MADE_BUCKET)
    assert found.of_type(BUCKET) == []
    (bucket,) = made.of_type(BUCKET)
    assert bucket.inputs == {"name": "backups", "region": "fra1"}
    assert all(bucket.urn in droplet.dependencies for droplet in made.of_type(DROPLET))
    assert all(
        bucket.urn not in urns
        for droplet in made.of_type(DROPLET)
        for urns in droplet.property_dependencies.values()
    )
    before, after = ([droplet.inputs for droplet in plan.of_type(DROPLET)] for plan in (found, made))
    assert before == after


def test_a_created_bucket_is_never_deleted_and_never_renamed(plan_of: PlanOf) -> None:
    (bucket,) = plan_of(**MADE_BUCKET).of_type(BUCKET)
    assert bucket.request.retainOnDelete
    assert list(bucket.request.replaceOnChanges) == ["name"]
    assert not bucket.request.deleteBeforeReplace
    assert "forceDestroy" not in bucket.inputs
    # An operator may set them, and a refresh would read them.
    assert {"versioning", "lifecycleRules"} <= {*bucket.request.ignoreChanges}


def test_volumes_carry_the_clusters_identity_and_no_text_replaces_them(plan_of: PlanOf) -> None:
    for volume in plan_of(bootstrap=LATER).of_type(VOLUME):
        assert volume.inputs["tags"] == [IDENTITY]
        assert {"description", "initialFilesystemType", "initialFilesystemLabel"} == set(
            volume.request.ignoreChanges
        )


def test_records_carry_the_clusters_identity(plan_of: PlanOf) -> None:
    record = plan_of(bootstrap=LATER).one(RECORD, "etcd-etcd-fra1-1")
    assert record.inputs["comment"] == f"etcd cluster etcd-etcd-fra1, id {identity_of('t')}"


def test_the_state_knows_the_cluster_before_the_account_has_any_of_it(plan_of: PlanOf) -> None:
    plan = plan_of(alertEmails=["ops@example.com"], **MADE_BUCKET)
    record = plan.one(STASH, "etcd-etcd-fra1-founding")
    made = [item for item in plan.resources if item.type.startswith(("digitalocean:", "cloudflare:"))]
    assert made
    assert all(record.urn in item.dependencies for item in made)


def test_no_droplet_depends_on_the_tag_of_its_identity(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER)
    tag = plan.one(TAG, "etcd-etcd-fra1-identity")
    assert tag.inputs["name"] == IDENTITY
    assert not any(tag.urn in plan.reachable(item.dependencies) for item in plan.of_type(DROPLET))


def test_droplets_wait_for_the_firewall(plan_of: PlanOf) -> None:
    plan = plan_of()
    (firewall,) = plan.of_type(FIREWALL)
    assert all(firewall.urn in droplet.dependencies for droplet in plan.of_type(DROPLET))


def test_without_a_volume_the_data_stays_on_the_droplet(plan_of: PlanOf) -> None:
    plan = plan_of(volumeSize=0)
    assert plan.of_type(VOLUME) == []
    assert all("volumeIds" not in droplet.inputs for droplet in plan.of_type(DROPLET))


def test_user_data_is_secret(plan_of: PlanOf) -> None:
    assert all(droplet.is_secret("userData") for droplet in plan_of().of_type(DROPLET))


def test_user_data_depends_on_no_member_but_its_own(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER)
    kinds = (DROPLET, VOLUME, RECORD, "etcd:index:Member")
    for droplet in plan.of_type(DROPLET):
        behind = plan.reachable(droplet.property_dependencies["userData"])
        assert [item.name for item in plan.resources if item.urn in behind and item.type in kinds] == []


def test_a_tag_that_is_replaced_replaces_no_droplet(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER)
    tags = {item.urn for item in plan.of_type(TAG)}
    for droplet in plan.of_type(DROPLET):
        depending = {key for key, urns in droplet.property_dependencies.items() if urns & tags}
        assert depending == {"tags"}, "the engine would delete the droplet before the tag"
        firewall = plan.one(FIREWALL, "etcd-etcd-fra1-firewall")
        assert firewall.urn in droplet.dependencies


def test_initial_members_are_created_together(plan_of: PlanOf) -> None:
    plan = plan_of()
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert all(not droplet.dependencies & gates for droplet in plan.of_type(DROPLET))


def test_a_droplet_waits_for_its_gate_and_a_gate_for_the_droplet_before(
    plan_of: PlanOf,
) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3)
    for number, droplet in enumerate(plan.of_type(DROPLET), start=1):
        gate = plan.one(STASH, f"etcd-etcd-fra1-gate-{number}")
        assert gate.urn in droplet.dependencies
        before = f"etcd-etcd-fra1-{number - 1}-id" if number > 1 else ""
        assert gate.inputs["input"]["after"] == before


def test_new_members_of_a_larger_cluster_are_created_together(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3, size=5)
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    gated = [bool(droplet.dependencies & gates) for droplet in plan.of_type(DROPLET)]
    assert gated == [True, True, True, False, False]


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_no_two_droplets_change_at_once_while_a_member_is_missing(plan_of: PlanOf, missing: int) -> None:
    """A missing member is created without a gate. The members after it still wait for those before it."""
    kept = [number for number in (1, 2, 3) if number != missing]
    there = [droplet_of(number) for number in kept]
    known = {(DROPLET, f"etcd-etcd-fra1-{number}"): {"id": str(number)} for number in kept}
    state = {**healthy_state(LATER), **known}
    plan = plan_of(bootstrap=LATER, state=state, discovered=there, account=there)
    first, second = (plan.one(DROPLET, f"etcd-etcd-fra1-{number}") for number in kept)
    assert first.urn in plan.reachable({second.urn})


def test_members_of_an_interrupted_run_leave_through_the_last_gate(plan_of: PlanOf) -> None:
    """The engine calls the gate's hook, and not only deletes their droplets, because the gate's input has changed."""

    def gate(known: list[str]) -> dict[str, Any]:
        state = {**healthy_state(LATER), (STASH, "etcd-etcd-fra1-healthy"): {"input": {"members": known}}}
        plan = plan_of(bootstrap=LATER, state=state, droplets=5)
        return plan.one(STASH, "etcd-etcd-fra1-healthy").inputs["input"]

    names = [member_name(number, "etcd.example.com") for number in range(1, 6)]
    assert gate(names[:3])["leaving"] == names[3:]
    assert "leaving" not in gate(names)
    assert {**gate(names[:3]), "leaving": []} == {**gate(names), "leaving": []}


def test_members_keep_their_user_data_when_the_size_changes(plan_of: PlanOf) -> None:
    three, five = (
        plan_of(bootstrap=LATER, droplets=3, size=size).one(STASH, "etcd-etcd-fra1-gate-1").inputs["input"]
        for size in (3, 5)
    )
    assert three == five


def test_no_droplet_waits_for_a_gate_in_an_all_at_once_run(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3, rollout="all-at-once")
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert all(not droplet.dependencies & gates for droplet in plan.of_type(DROPLET))


@pytest.mark.parametrize("rollout", ["one-at-a-time", "all-at-once"])
def test_no_droplet_changes_before_the_rollout_marker_is_set(plan_of: PlanOf, rollout: str) -> None:
    plan = plan_of(bootstrap=LATER, droplets=2, rollout=rollout)
    marker = plan.one(TAG, "etcd-etcd-fra1-rollout")
    assert marker.inputs["name"] == f"etcd-etcd-fra1-{rollout}"
    assert all(marker.urn in droplet.dependencies for droplet in plan.of_type(DROPLET))
    # What is not asked for any more goes only when a run ends well. What is replaced goes at once.
    assert marker.request.deleteBeforeReplace


def test_a_teardown_deletes_the_markers_before_any_droplet(plan_of: PlanOf) -> None:
    plan = plan_of()
    for marker, name in (("up", "up"), ("size", "size-3")):
        tag = plan.one(TAG, f"etcd-etcd-fra1-{marker}")
        assert tag.inputs["name"] == f"etcd-etcd-fra1-{name}"
        assert {droplet.urn for droplet in plan.of_type(DROPLET)} <= tag.dependencies


def test_the_size_marker_is_replaced_before_members_leave(plan_of: PlanOf) -> None:
    plan = plan_of()
    size = plan.one(TAG, "etcd-etcd-fra1-size")
    assert size.request.deleteBeforeReplace
    assert size.urn in plan.one(STASH, "etcd-etcd-fra1-healthy").dependencies


def test_a_change_of_the_droplet_size_replaces_droplets(plan_of: PlanOf) -> None:
    assert all(list(item.request.replaceOnChanges) == ["size"] for item in plan_of().of_type(DROPLET))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"dropletSize": "s-9vcpu-9gb"}, "etcd:dropletSize is s-9vcpu-9gb: region fra1 has no such size"),
        ({"size": 7}, "the account has 20 of at most 25"),
        (
            {"image": "debian-12-x64"},
            "etcd:image is debian-12-x64: it is Debian 12, and members need Debian 13",
        ),
        (
            {"image": "too-large"},
            "etcd:image is too-large: it needs a disk of 61 GiB, and etcd:dropletSize s-2vcpu-2gb has one of 60",
        ),
        (
            {"sshKeys": [KEY, "512102"]},
            "etcd:sshKeys is 512102: the DigitalOcean account has no such key",
        ),
        (
            {"sshKeys": [KEY[:-2] + "46"]},
            "etcd:sshKeys is 3b:.*:46: the DigitalOcean account has no such key",
        ),
    ],
)
def test_settings_that_the_api_rejects_fail_before_any_droplet(
    plan_of: PlanOf, change: dict[str, Any], error: str
) -> None:
    plan = Plan()
    with pytest.raises(PreflightError, match=error):
        plan_of(plan=plan, **change)
    assert plan.resources
    assert not plan.of_type(DROPLET)


def test_a_run_that_makes_no_droplet_needs_no_catalogue(plan_of: PlanOf) -> None:
    plan = plan_of(droplets=3, bootstrap=LATER, catalog=None, image="gone", dropletSize="s-9vcpu-9gb")
    assert len(plan.of_type(DROPLET)) == 3


def test_a_replaced_droplet_is_checked_in_the_preview(plan_of: PlanOf) -> None:
    for droplet in plan_of(droplets=3, bootstrap=LATER).of_type(DROPLET):
        assert f"etcd-etcd-fra1-preflight-{droplet.inputs['name']}" in droplet.request.hooks.before_create


def test_too_large_user_data_is_rejected_before_any_registration(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.userdata.render.LIMIT", 1000)
    plan = Plan()
    with pytest.raises(TooLargeError, match="shorten etcd:"):
        plan_of(plan=plan)
    assert not plan.resources


@pytest.mark.parametrize("change", [{"image": "large"}, {"sshKeys": [KEY]}, {"sshKeys": ["512101"]}])
def test_settings_that_the_api_accepts_are_registered(plan_of: PlanOf, change: dict[str, Any]) -> None:
    assert len(plan_of(**change).of_type(DROPLET)) == 3


def test_droplets_are_deleted_before_they_are_replaced(plan_of: PlanOf) -> None:
    assert all(droplet.request.deleteBeforeReplace for droplet in plan_of().of_type(DROPLET))


@pytest.mark.parametrize(
    ("settings", "create", "delete"),
    [
        ({}, "600s", "300s"),
        ({"healthTimeoutSeconds": 10}, "300s", "300s"),
        ({"healthTimeoutSeconds": 3600}, "3600s", "300s"),
        ({"dropletTimeoutSeconds": 900}, "900s", "900s"),
    ],
)
def test_a_short_health_timeout_does_not_shorten_a_droplets_own(
    plan_of: PlanOf, settings: dict[str, Any], create: str, delete: str
) -> None:
    for droplet in plan_of(**settings).of_type(DROPLET):
        limits = droplet.request.customTimeouts
        assert (limits.create, limits.delete) == (create, delete)


def test_no_resource_has_a_delete_hook(plan_of: PlanOf) -> None:
    for item in plan_of().resources:
        assert not item.request.hooks.before_delete
        assert not item.request.hooks.after_delete


def test_before_a_vpc_orphans_are_removed_and_a_default_one_exists(plan_of: PlanOf) -> None:
    hooks = plan_of().one(VPC, "etcd-etcd-fra1-vpc").request.hooks
    assert list(hooks.before_create) == ["etcd-etcd-fra1-vpc-leftover", "etcd-etcd-fra1-vpc-default"]


def test_gates_have_hooks_before_their_creation_and_before_updates(plan_of: PlanOf) -> None:
    plan = plan_of()
    gate = plan.one(STASH, "etcd-etcd-fra1-gate-1").request.hooks
    last = plan.one(STASH, "etcd-etcd-fra1-healthy").request.hooks
    assert (len(gate.before_create), len(gate.before_update)) == (1, 1)
    assert (len(last.before_create), len(last.before_update)) == (1, 1)


@pytest.mark.parametrize("healthy", [True, False])
async def test_a_gate_made_late_lets_its_droplet_go_as_any_other(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, healthy: bool
) -> None:
    released: list[str] = []

    async def asks(rollout: Rollout, member: str) -> bool:
        return healthy

    async def release(rollout: Rollout, member: str) -> None:
        released.append(member)

    monkeypatch.setattr(Rollout, "asks_late", asks)
    monkeypatch.setattr(Rollout, "release", release)
    plan = await asyncio.to_thread(plan_of)
    (late,) = plan.one(STASH, "etcd-etcd-fra1-gate-2").request.hooks.before_create
    await plan.hooks[late](None)
    assert released == (["etcd-server-2.etcd.example.com"] if healthy else [])


def test_the_bootstrap_record_never_changes(plan_of: PlanOf) -> None:
    assert list(plan_of().one(STASH, "etcd-etcd-fra1-founding").request.ignoreChanges) == ["input"]


def test_server_certificates_have_both_uses_and_the_members_names(plan_of: PlanOf) -> None:
    plan = plan_of()
    leaf = plan.one(LEAF, "etcd-etcd-fra1-1-server")
    assert {"server_auth", "client_auth"} <= set(leaf.inputs["allowedUses"])
    request = plan.one("tls:index/certRequest:CertRequest", "etcd-etcd-fra1-1-server-request")
    assert request.inputs["dnsNames"] == ["etcd-server-1.etcd.example.com", "localhost"]
    assert request.inputs["ipAddresses"] == ["127.0.0.1"]


def test_the_operators_certificate_has_the_client_use_alone(plan_of: PlanOf) -> None:
    leaf = plan_of().one(LEAF, "etcd-etcd-fra1-operator")
    assert "server_auth" not in leaf.inputs["allowedUses"]
