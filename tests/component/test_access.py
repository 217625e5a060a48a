"""The certificates of a cluster with authentication, and the peers' certificate authorities."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.conftest import Plan, PlanOf, State

AUTHORITY = "tls:index/selfSignedCert:SelfSignedCert"
LEAF = "tls:index/locallySignedCert:LocallySignedCert"
REQUEST = "tls:index/certRequest:CertRequest"
KEY = "tls:index/privateKey:PrivateKey"
DROPLET = "digitalocean:index/droplet:Droplet"
STASH = "pulumi:index:Stash"
NAME = "etcd-etcd-fra1"
MEMBER = "etcd-server-1.etcd.example.com"
BOOTSTRAP = {"token": "t", "size": 3}
CLIENTS = [
    {"name": "shop", "permissions": [{"access": "readwrite", "prefix": "/shop/"}]},
    {"name": "metrics"},
]


def subjects(plan: Plan) -> dict[str, dict[str, str]]:
    """The subjects of the requested certificates, by the names of the certificates."""
    return {
        item.name.removeprefix(f"{NAME}-").removesuffix("-request"): item.inputs["subject"]
        for item in plan.of_type(REQUEST)
    }


def pem(name: str) -> str:
    return f"-----BEGIN {NAME}-{name}-----\n"


def peers_are_signed_by(plan: Plan) -> set[str]:
    return {leaf.inputs["caCertPem"] for leaf in plan.of_type(LEAF) if leaf.name.endswith("-peer")}


def existing(*authorities: str, shared: list[int] | None = None) -> State:
    """The state of a cluster that has these authorities, and perhaps the record of shared ones."""
    record = {} if shared is None else {(STASH, f"{NAME}-shared-authorities"): {"output": shared}}
    return {
        ("etcd:index:EtcdCluster", NAME): {},
        (STASH, f"{NAME}-founding"): {"output": BOOTSTRAP},
        **{(AUTHORITY, f"{NAME}-{name}"): {} for name in authorities},
        **record,
    }


def test_names_stay_in_certificates_of_clusters_without_authentication(plan_of: PlanOf) -> None:
    assert subjects(plan_of(size=1)) == {
        "1-server": {"commonName": MEMBER},
        "1-peer": {"commonName": MEMBER},
        "operator": {"commonName": "etcd-operator"},
    }


@pytest.mark.parametrize("auth", [True, False])
def test_no_members_certificate_is_a_users_once_auth_is_set(plan_of: PlanOf, auth: bool) -> None:
    assert subjects(plan_of(size=1, auth=auth, clients=CLIENTS)) == {
        "1-server": {"organization": MEMBER},
        "1-peer": {"organization": MEMBER},
        "operator": {"commonName": "etcd-operator"},
        "reader": {"organization": "etcd-reader"},
        "management": {"commonName": "root"},
        "client.shop": {"commonName": "shop"},
        "client.metrics": {"commonName": "metrics"},
    }


def test_clients_certificates_open_no_server(plan_of: PlanOf) -> None:
    plan = plan_of(auth=True, clients=CLIENTS)
    for name in ("reader", "management", "client.shop"):
        leaf = plan.one(LEAF, f"{NAME}-{name}")
        assert leaf.inputs["allowedUses"] == ["digital_signature", "key_encipherment", "client_auth"]
        assert leaf.inputs["caCertPem"] == pem("ca")


def test_a_removed_client_takes_only_its_own_resources_with_it(plan_of: PlanOf) -> None:
    both, one = (
        {item.urn: item.inputs for item in plan_of(bootstrap=BOOTSTRAP, auth=True, clients=clients).resources}
        for clients in (CLIENTS, CLIENTS[1:])
    )
    assert {urn.rpartition("::")[2] for urn in both.keys() - one.keys()} == {
        f"{NAME}-client.shop",
        f"{NAME}-client.shop-key",
        f"{NAME}-client.shop-request",
    }
    droplets = [urn for urn in both if DROPLET in urn]
    assert [both[urn] for urn in droplets] == [one[urn] for urn in droplets]


def test_clients_and_permissions_change_no_droplet(plan_of: PlanOf) -> None:
    before = plan_of(bootstrap=BOOTSTRAP, auth=True)
    after = plan_of(bootstrap=BOOTSTRAP, auth=True, clients=CLIENTS)
    assert [item.inputs for item in before.of_type(DROPLET)] == [
        item.inputs for item in after.of_type(DROPLET)
    ]


def test_enforcing_permissions_changes_no_droplet_that_is_prepared(plan_of: PlanOf) -> None:
    off, on = (plan_of(bootstrap=BOOTSTRAP, auth=auth, clients=CLIENTS) for auth in (False, True))
    assert [item.inputs for item in off.of_type(DROPLET)] == [item.inputs for item in on.of_type(DROPLET)]


def test_clients_certificates_wait_for_an_allowed_step(plan_of: PlanOf) -> None:
    plan = plan_of(auth=True, clients=CLIENTS)
    assert plan.one(STASH, f"{NAME}-steps").urn in plan.one(LEAF, f"{NAME}-client.shop").dependencies


@pytest.mark.parametrize(("auth", "recorded"), [(True, "on"), (False, "off"), (None, None)])
def test_the_step_record_has_the_setting(plan_of: PlanOf, auth: bool | None, recorded: str | None) -> None:
    changes = {} if auth is None else {"auth": auth}
    assert plan_of(**changes).one(STASH, f"{NAME}-steps").inputs["input"].get("auth") == recorded


def test_a_new_cluster_has_an_authority_for_peers_alone(plan_of: PlanOf) -> None:
    plan = plan_of()
    peers = plan.one(AUTHORITY, f"{NAME}-ca-peer")
    assert peers.inputs["subject"] == {"commonName": f"{NAME} peer CA"}
    assert peers_are_signed_by(plan) == {pem("ca-peer")}
    assert plan.outputs["caCertificate"] == pem("ca")
    assert plan.one(STASH, f"{NAME}-shared-authorities").inputs["input"] == []


def test_no_authority_exists_without_the_record_of_shared_ones(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2, 1])
    record = plan.one(STASH, f"{NAME}-shared-authorities")
    assert all(record.urn in authority.dependencies for authority in plan.of_type(AUTHORITY))
    assert list(record.request.ignoreChanges) == ["input"]


@pytest.mark.parametrize(
    ("state", "authorities", "shared", "signer"),
    [
        # A cluster of an earlier version, and its way to an authority of the peers' own.
        (existing("ca"), [1], [1], "ca"),
        (existing("ca", shared=[1]), [1, 2], [1], "ca"),
        (existing("ca", "ca-2", shared=[1]), [2, 1], [1], "ca-peer-2"),
        (existing("ca", "ca-2", shared=[1]), [2], [1], "ca-peer-2"),
        # The program is updated in the middle of a change of authorities, or in the run that begins one.
        (existing("ca", "ca-2"), [1, 2], [1, 2], "ca"),
        (existing("ca", "ca-2"), [2, 1], [1, 2], "ca-2"),
        (existing("ca"), [1, 2], [1], "ca"),
        (existing("ca-2"), [2], [2], "ca-2"),
        # The first run of a new cluster was interrupted before and after it created authorities.
        (existing(), [1], [], "ca-peer"),
        (existing(shared=[]), [1], [], "ca-peer"),
        (existing("ca", "ca-peer", shared=[]), [1], [], "ca-peer"),
    ],
)
def test_an_authority_that_existed_before_keeps_signing_peers(
    plan_of: PlanOf, state: State, authorities: list[int], shared: list[int], signer: str
) -> None:
    plan = plan_of(state=state, bootstrap=BOOTSTRAP, authorities=authorities)
    assert plan.one(STASH, f"{NAME}-shared-authorities").inputs["input"] == shared
    assert peers_are_signed_by(plan) == {pem(signer)}
    # The client port's certificates come from the numbered authority in any case.
    assert plan.one(LEAF, f"{NAME}-1-server").inputs["caCertPem"] == pem(
        "ca" if authorities[0] == 1 else f"ca-{authorities[0]}"
    )


@pytest.mark.parametrize("number", [1, 12])
def test_subjects_of_peers_authorities_fit_and_differ(plan_of: PlanOf, number: int) -> None:
    plan = plan_of(authorities=[number])
    names: list[Any] = [item.inputs["subject"]["commonName"] for item in plan.of_type(AUTHORITY)]
    assert len({*names}) == 2
    assert all(len(name) <= 64 for name in names)
