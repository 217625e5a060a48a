"""Which runs are refused, because the state and the account do not hold the run's own cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.identity.cluster_identity import identity_of, identity_tag
from components.identity.ownership import (
    ClusterDroplet,
    Component,
    Run,
    needs_volumes,
    renamed,
    unknown_cluster,
)
from components.identity.stack_state import StackState

NAME = "etcd-etcd-fra1"
RUN = Run(NAME, "acme", "etcd", "fra1")
NONE = frozenset[str]()
EMPTY = StackState(clusters=NONE, healthy=NONE, token="", ids=NONE, tags=NONE, urns=NONE)
STATE = replace(
    EMPTY, clusters=frozenset({NAME}), healthy=frozenset({NAME}), token="own", ids=frozenset({"1", "v1"})
)
BORN = replace(STATE, healthy=NONE)
"""The state of a bootstrap that never ended."""
TAG = identity_tag(NAME, identity_of("own"))
VOLUME = {"name": f"{NAME}-1", "id": "v1"}


def droplets(*tags: str, id_: int = 1) -> list[ClusterDroplet]:
    return [ClusterDroplet(id_, "etcd-server-1.example.com", frozenset({NAME, *tags}))]


@pytest.mark.parametrize(
    ("other", "remedy"),
    [
        ("etcd-etcd-prod", "pulumi stack rename prod"),
        ("etcd-kv-fra1", "pulumi stack rename acme/kv/fra1, and name: kv in Pulumi.yaml"),
        ("etcd-kv-prod", "rename both back: docs/recovery.md, Renamed"),
    ],
    ids=["stack", "project", "both"],
)
def test_a_state_with_a_cluster_of_another_name_is_refused(other: str, remedy: str) -> None:
    reason = renamed(RUN, replace(EMPTY, clusters=frozenset({other}), healthy=frozenset({other})))
    assert f"holds the cluster {other}" in reason
    assert remedy in reason


def test_a_refused_run_under_a_wrong_name_is_refused_again() -> None:
    both = frozenset({NAME, "etcd-etcd-prod"})
    assert "pulumi stack rename prod" in renamed(
        RUN, replace(EMPTY, clusters=both, healthy=frozenset({"etcd-etcd-prod"}))
    )


def test_after_the_name_is_back_the_wrong_runs_remains_are_no_obstacle() -> None:
    assert not renamed(RUN, replace(STATE, clusters=frozenset({NAME, "etcd-etcd-prod"})))


@pytest.mark.parametrize(
    "state", [EMPTY, replace(EMPTY, clusters=frozenset({NAME}))], ids=["no", "a refused"]
)
def test_a_cluster_that_the_state_does_not_know_is_refused(state: StackState) -> None:
    reason = unknown_cluster(RUN, state, droplets(), [])
    assert reason.startswith("the account has droplet etcd-server-1.example.com (1) of a cluster, ")
    assert "pulumi stack import" in reason


def test_the_owner_of_an_unknown_clusters_droplets_is_named() -> None:
    reason = unknown_cluster(RUN, EMPTY, droplets(identity_tag("etcd-kv-fra1", "0123456789ab")), [])
    assert "of the cluster etcd-kv-fra1" in reason


def test_a_volume_without_droplets_is_a_cluster_as_well() -> None:
    assert "volume etcd-etcd-fra1-1, which may hold" in unknown_cluster(RUN, EMPTY, [], [VOLUME])


@pytest.mark.parametrize(
    ("cluster", "needs_a_name"), [(NAME, True), ("etcd-etcd-fra1-other", False)], ids=["its name", "another"]
)
def test_a_component_whose_name_another_stacks_cluster_has_needs_another(
    cluster: str, needs_a_name: bool
) -> None:
    run = replace(RUN, component=Component("store"))
    there = [ClusterDroplet(1, "etcd-server-1.example.com", frozenset({cluster}))]
    assert (
        " and another args.clusterName. Nothing" in unknown_cluster(run, EMPTY, there, [])
    ) == needs_a_name
    assert " and another args.clusterName. Nothing" in unknown_cluster(run, EMPTY, [], [VOLUME])


@pytest.mark.parametrize(
    "volumes", [[], [{"name": "etcd-etcd-fra1-logs", "id": "w"}]], ids=["none", "another"]
)
def test_a_new_cluster_in_an_account_without_one_is_allowed(volumes: list[Any]) -> None:
    assert needs_volumes(EMPTY, [])
    assert not unknown_cluster(RUN, EMPTY, [], volumes)


@pytest.mark.parametrize("state", [STATE, BORN], ids=["healthy once", "interrupted bootstrap"])
@pytest.mark.parametrize("id_", [1, 7], ids=["known", "unknown"])
def test_droplets_with_the_clusters_own_identity_are_its_own(state: StackState, id_: int) -> None:
    assert not needs_volumes(state, droplets(TAG, id_=id_))
    assert not unknown_cluster(RUN, state, droplets(TAG, id_=id_), [])


@pytest.mark.parametrize("name", [NAME, "shop-prod"])
def test_droplets_with_another_identity_are_refused_under_the_same_name(name: str) -> None:
    run, state = replace(RUN, cluster=name), replace(STATE, clusters=frozenset({name}))
    reason = unknown_cluster(run, state, droplets(identity_tag(name, "0123456789ab")), [])
    assert f"belongs to the cluster {name} with the id 0123456789ab" in reason
    assert f"with the id {identity_of('own')}" in reason


@pytest.mark.parametrize(
    ("state", "id_", "volumes", "allowed"),
    [
        (BORN, 1, [], True),
        (BORN, 7, [VOLUME], True),
        (STATE, 7, [VOLUME], True),
        (STATE, 7, [], False),
        (BORN, 7, [], False),
        (BORN, 7, [VOLUME | {"id": "v7"}], False),
    ],
    ids=[
        "known droplet",
        "known volume",
        "an old export",
        "another cluster",
        "nothing known",
        "another volume",
    ],
)
def test_droplets_without_an_identity_are_told_by_ids(
    state: StackState, id_: int, volumes: list[Any], allowed: bool
) -> None:
    reason = unknown_cluster(RUN, state, droplets(id_=id_), volumes)
    assert allowed == (not reason)
    assert allowed or "knows none of its droplets and volumes" in reason
