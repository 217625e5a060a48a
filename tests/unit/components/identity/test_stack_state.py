"""What a run reads in its own stack's state."""

from __future__ import annotations

from typing import Any

from components.identity.stack_state import stack_state

OWN = "etcd-etcd-fra1"
PARENT = "urn:pulumi:fra1::etcd::etcd:index:EtcdCluster"
MEMBER = f"{PARENT}$etcd:index:Member"


def resource(urn: str, **outputs: Any) -> dict[str, Any]:
    return {urn: {"type": "any", "outputs": outputs}}


def test_clusters_ids_tags_and_the_own_token_are_read() -> None:
    state = stack_state(
        {
            **resource(f"{PARENT}::{OWN}"),
            **resource(f"{PARENT}::etcd-etcd-old"),
            **resource(f"{PARENT}$pulumi:index:Stash::{OWN}-founding", output={"token": "own", "size": 3.0}),
            **resource(f"{PARENT}$pulumi:index:Stash::etcd-etcd-old-founding", output={"token": "old"}),
            **resource(f"{PARENT}$pulumi:index:Stash::etcd-etcd-old-healthy", input={"members": ["old"]}),
            **resource(f"{MEMBER}$digitalocean:index/droplet:Droplet::{OWN}-1", id="1001", name="first"),
            **resource(f"{MEMBER}$digitalocean:index/volume:Volume::{OWN}-1", id="4ebc464b"),
            **resource(f"{PARENT}$digitalocean:index/tag:Tag::{OWN}-size", name="Etcd-etcd-fra1-size-3"),
        },
        OWN,
    )
    assert state.clusters == {OWN, "etcd-etcd-old"}
    assert (state.healthy, state.token) == ({"etcd-etcd-old"}, "own")
    assert state.ids == {"1001", "4ebc464b"}
    assert state.tags == {"Etcd-etcd-fra1-size-3"}


def test_members_are_those_with_a_droplet_and_those_of_the_last_healthy_run() -> None:
    state = stack_state(
        {
            **resource(f"{MEMBER}$digitalocean:index/droplet:Droplet::{OWN}-1", id="1001", name="first"),
            **resource(
                f"{PARENT}$pulumi:index:Stash::{OWN}-healthy",
                input={"members": ["first", "second"]},
                output={"members": ["first", "second", "third"]},
            ),
        },
        OWN,
    )
    assert state.droplets == {"first": "1001"}
    assert state.members("etcd.example.com") == {"first", "second"}


def test_members_that_a_killed_run_had_begun_count_as_members() -> None:
    begun = [resource(f"{MEMBER}::{name}") for name in (f"{OWN}-4", "etcd-other-5")]
    state = stack_state({**begun[0], **begun[1]}, OWN)
    assert state.members("etcd.example.com") == {"etcd-server-4.etcd.example.com"}


def test_a_stack_that_is_called_healthy_is_not_a_healthy_cluster() -> None:
    state = stack_state(resource(f"{PARENT}::etcd-etcd-healthy"), "etcd-etcd-healthy")
    assert not state.healthy
    assert not state.token


CA = "tls:index/selfSignedCert:SelfSignedCert"


def test_the_clusters_authorities_are_those_for_clients() -> None:
    authorities = f"{PARENT}$etcd:index:CertificateAuthority${CA}"
    state = stack_state(
        {
            **resource(f"{authorities}::{OWN}-ca"),
            **resource(f"{authorities}::{OWN}-ca-12"),
            **resource(f"{authorities}::{OWN}-ca-peer-3"),
            **resource(f"{authorities}::{OWN}-2-ca-4"),
            **resource(f"{authorities}$tls:index/privateKey:PrivateKey::{OWN}-ca-5"),
        },
        OWN,
    )
    assert state.authorities == {1, 12}
    assert state.shared_authorities is None


def test_the_record_of_shared_authorities_keeps_its_first_value() -> None:
    record = f"{PARENT}$pulumi:index:Stash::{OWN}-shared-authorities"
    state = stack_state(resource(record, output=[1.0, 2.0], input=[3.0]), OWN)
    assert state.shared_authorities == {1, 2}
    assert stack_state(resource(record, output=[], input=[]), OWN).shared_authorities == frozenset()
