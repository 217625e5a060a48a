"""What the program of this project registers keeps the names that existing stacks have."""

from __future__ import annotations

from tests.component.conftest import PlanOf

BACKUPS = {
    "backupBucket": "backups",
    "backupAccessKey": "access",
    "backupSecretKey": "secret",
    "backupBucketCreate": True,
}
COMPONENT = "etcd:index:EtcdCluster"
MEMBER, AUTHORITY = "etcd:index:Member", "etcd:index:CertificateAuthority"
STACK = "pulumi:pulumi:Stack"
KEY, REQUEST, LEAF = (f"tls:index/{kind}" for kind in (
    "privateKey:PrivateKey", "certRequest:CertRequest", "locallySignedCert:LocallySignedCert"
))  # fmt: skip
NAME = "etcd-etcd-fra1"
AUTHORITIES = ("ca", "ca-peer")
LEAVES = ("1-server", "1-peer", "operator")
EXPECTED = {
    f"{STACK}::etcd-fra1",
    f"pulumi:index:Stash::{NAME}-protect",
    f"{COMPONENT}::{NAME}",
    f"{COMPONENT}${MEMBER}::{NAME}-1",
    f"{MEMBER}$digitalocean:index/droplet:Droplet::{NAME}-1",
    f"{MEMBER}$digitalocean:index/volume:Volume::{NAME}-1",
    f"{MEMBER}$cloudflare:index/dnsRecord:DnsRecord::{NAME}-1",
    f"{MEMBER}$pulumi:index:Stash::{NAME}-gate-1",
    f"{COMPONENT}${AUTHORITY}::{NAME}",
    *(f"{AUTHORITY}$tls:index/selfSignedCert:SelfSignedCert::{NAME}-{ca}" for ca in AUTHORITIES),
    *(f"{AUTHORITY}${KEY}::{NAME}-{leaf}-key" for leaf in (*AUTHORITIES, *LEAVES)),
    *(f"{AUTHORITY}${REQUEST}::{NAME}-{leaf}-request" for leaf in LEAVES),
    *(f"{AUTHORITY}${LEAF}::{NAME}-{leaf}" for leaf in LEAVES),
    *(
        f"{COMPONENT}$pulumi:index:Stash::{NAME}-{record}"
        for record in (
            "transition",
            "shared-authorities",
            "steps",
            "founding",
            "certificates",
            "healthy",
        )
    ),
    *(
        f"{COMPONENT}$digitalocean:index/tag:Tag::{NAME}-{tag}"
        for tag in ("tag", "rollout", "up", "size", "identity")
    ),
    f"{COMPONENT}$digitalocean:index/vpc:Vpc::{NAME}-vpc",
    f"{COMPONENT}$digitalocean:index/firewall:Firewall::{NAME}-firewall",
    f"{COMPONENT}$digitalocean:index/spacesBucket:SpacesBucket::{NAME}-backups",
}
"""For each resource of a cluster of one member, the types of its parent and of itself, and its name.

A URN leaves out the type of the stack.
"""


def test_no_resource_of_an_existing_stack_has_another_urn(plan_of: PlanOf) -> None:
    plan = plan_of(size=1, **BACKUPS)
    found = {item.urn.removeprefix("urn:pulumi:fra1::etcd::") for item in plan.resources}
    assert found == EXPECTED


def test_an_existing_stack_records_nothing_new(plan_of: PlanOf) -> None:
    plan = plan_of(size=1, **BACKUPS)
    assert set(plan.one("pulumi:index:Stash", f"{NAME}-steps").inputs["input"]) == {
        "version", "release_url", "release_sha256", "authorities"
    }  # fmt: skip
    assert set(plan.one("pulumi:index:Stash", f"{NAME}-transition").inputs["input"]) == {
        "authorities", "volume_size", "addresses", "domain", "zone", "region", "restore_from"
    }  # fmt: skip
