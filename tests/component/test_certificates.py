"""Which certificates a run registers, and how one CA replaces another."""

from __future__ import annotations

import pytest

from tests.component.conftest import Plan, PlanOf

AUTHORITY = "tls:index/selfSignedCert:SelfSignedCert"
LEAF = "tls:index/locallySignedCert:LocallySignedCert"
REQUEST = "tls:index/certRequest:CertRequest"
STASH = "pulumi:index:Stash"
NAME = "etcd-etcd-fra1"


def pem(*names: str) -> str:
    """The certificates that the mocked provider creates for these resources, one after the other."""
    return "".join(f"-----BEGIN {NAME}-{name}-----\n" for name in names)


def issuers(plan: Plan) -> set[str]:
    """The CA certificates that the leaves which clients and the client port show are signed with."""
    return {
        leaf.inputs["caCertPem"]
        for leaf in plan.of_type(LEAF)
        if not (leaf.inputs.get("isCaCertificate") or leaf.name.endswith("-peer"))
    }


def test_the_first_authority_keeps_its_resource_names(plan_of: PlanOf) -> None:
    plan = plan_of()
    assert [item.name for item in plan.of_type(AUTHORITY)] == [f"{NAME}-ca", f"{NAME}-ca-peer"]
    assert plan.one(AUTHORITY, f"{NAME}-ca").inputs["subject"] == {"commonName": f"{NAME} CA"}
    assert plan.outputs["caCertificate"] == pem("ca")
    assert issuers(plan) == {pem("ca")}


def test_a_second_authority_is_trusted_before_it_signs(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[1, 2])
    assert plan.outputs["caCertificate"] == pem("ca", "ca-2")
    assert issuers(plan) == {pem("ca")}
    assert plan.outputs["clientCertificate"] == pem("operator")


def test_leaves_carry_the_cross_signed_certificate_of_a_new_signer(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2, 1])
    assert plan.outputs["caCertificate"] == pem("ca", "ca-2")
    assert issuers(plan) == {pem("ca-2")}
    assert plan.outputs["clientCertificate"] == pem("operator", "ca-2-by-ca")


def test_the_cross_signed_certificate_has_the_second_authoritys_key(
    plan_of: PlanOf,
) -> None:
    plan = plan_of(authorities=[2, 1])
    crossed = plan.one(LEAF, f"{NAME}-ca-2-by-ca")
    assert crossed.inputs["isCaCertificate"]
    assert crossed.inputs["allowedUses"] == ["cert_signing", "crl_signing"]
    assert crossed.inputs["caCertPem"] == pem("ca")
    request = plan.one(REQUEST, f"{NAME}-ca-2-by-ca-request")
    assert request.inputs["subject"] == plan.one(AUTHORITY, f"{NAME}-ca-2").inputs["subject"]
    assert (
        request.property_dependencies["privateKeyPem"]
        == (plan.one(AUTHORITY, f"{NAME}-ca-2").property_dependencies["privateKeyPem"])
    )


def test_the_last_step_removes_the_first_authority(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2])
    assert plan.outputs["caCertificate"] == pem("ca-2")
    assert issuers(plan) == {pem("ca-2")}
    assert plan.outputs["clientCertificate"] == pem("operator")


@pytest.mark.parametrize("authorities", [[1], [1, 2], [2, 1], [2]])
def test_leaves_keep_their_names_and_keys_in_every_step(plan_of: PlanOf, authorities: list[int]) -> None:
    first, now = plan_of(), plan_of(authorities=authorities)
    names = {item.name for item in first.of_type(LEAF)}
    assert names <= {item.name for item in now.of_type(LEAF)}
    for name in names:
        assert first.one(LEAF, name).inputs["certRequestPem"] == now.one(LEAF, name).inputs["certRequestPem"]


def test_certificate_dates_are_an_output_and_are_kept_for_the_next_run(plan_of: PlanOf) -> None:
    plan = plan_of()
    assert plan.outputs["certificates"] == {
        "renewsFrom": "2029-12-02T00:00:00Z",
        "renewBefore": "2030-01-01T00:00:00Z",
        "authorityEnds": "2039-01-01T00:00:00Z",
    }
    assert plan.one(STASH, f"{NAME}-certificates").inputs["input"] == plan.outputs["certificates"]


def test_the_clock_is_checked_before_each_certificate_is_issued(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2, 1])
    issued = [*plan.of_type(AUTHORITY), *plan.of_type(LEAF)]
    assert len(issued) == 2 * 2 + 1 + 1 + 3 * 2
    assert all(list(one.request.hooks.before_create) == ["etcd-etcd-fra1-clock"] for one in issued)


def test_no_check_of_members_waits_for_a_certificate_that_was_refused(plan_of: PlanOf) -> None:
    plan = plan_of()
    assert plan.one(LEAF, f"{NAME}-operator").urn in plan.one(STASH, f"{NAME}-steps").dependencies
