"""What a droplet waits for in a run, where a preview waits for nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from components.etcd.admin import DataHash
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import NoStatus, Observation
from tests.component.conftest import Answers, PlanOf
from tests.unit.components.rollout.running_members import NAMES, healthy, observed

DROPLET = "digitalocean:index/droplet:Droplet"
STASH = "pulumi:index:Stash"
LATER = {"token": "t", "size": 3}
TORN_DOWN = ("etcd-etcd-fra1",)
"""The account's tags after an interrupted teardown."""


def gated_droplets(plan_of: PlanOf, **run: Any) -> list[bool]:
    """For each droplet of a run, whether it depends on a gate."""
    plan = plan_of(preview=False, bootstrap=LATER, **run)
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert plan.outputs["endpoints"] == [f"https://{name}:2379" for name in NAMES]
    return [bool(item.dependencies & gates) for item in plan.of_type(DROPLET)]


@pytest.mark.parametrize(
    ("run", "gated"),
    [
        ({"droplets": 0}, [False, False, False]),
        ({"droplets": 3}, [True, True, True]),
        ({"droplets": 2}, [True, True, False]),
        ({"droplets": 3, "tags": TORN_DOWN}, [True, True, True]),
        ({"droplets": 3, "rollout": "all-at-once"}, [False, False, False]),
    ],
    ids=["a bootstrap", "all exist", "one joins", "unguarded", "all at once"],
)
def test_droplets_that_exist_depend_on_their_gates_in_a_run(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, run: dict[str, Any], gated: list[bool]
) -> None:
    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        return observed()

    answer_as(monkeypatch, observe)
    assert gated_droplets(plan_of, **run) == gated


def answer_as(
    monkeypatch: pytest.MonkeyPatch, observe: Callable[[ClusterClient], Awaitable[Mapping[str, Observation]]]
) -> None:
    """Let the members answer, with the same data."""

    async def data_hash(*_: object) -> DataHash:
        return DataHash(1, -1)

    monkeypatch.setattr(ClusterClient, "observe", observe)
    monkeypatch.setattr(ClusterClient, "data_hash", data_hash)


def test_an_unguarded_run_does_not_gate_the_only_unhealthy_member(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_as(monkeypatch, repaired(NAMES[2]))
    assert gated_droplets(plan_of, droplets=3, tags=TORN_DOWN) == [True, True, False]


def test_members_on_both_sides_of_a_repaired_one_change_one_after_the_other(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_as(monkeypatch, repaired(NAMES[1]))
    plan = plan_of(preview=False, bootstrap=LATER, droplets=3, tags=TORN_DOWN)
    first, second, third = plan.of_type(DROPLET)
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert not second.dependencies & gates
    assert first.urn in plan.reachable({third.urn})


def repaired(member: str) -> Callable[[ClusterClient], Awaitable[Mapping[str, Observation]]]:
    """Answers of members of which one is unhealthy until the run has looked for authentication and for gates."""
    sick = iter([NoStatus("gone"), NoStatus("gone")])

    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        return {**observed(), member: next(sick, healthy())}

    return observe


def test_a_run_whose_last_gate_fails_deletes_nothing(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = Answers.new_resource

    def failing(answers: Answers, args: pulumi_mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """With --continue-on-error, a resource that fails, or that is not reached, has no id."""
        identity, outputs = created(answers, args)
        return (None if args.name.endswith("-healthy") else identity), outputs

    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        return observed()

    monkeypatch.setattr(Answers, "new_resource", failing)
    monkeypatch.setattr(ClusterClient, "observe", observe)
    with pytest.raises(pulumi.RunError, match="so it deletes nothing"):
        plan_of(preview=False, bootstrap=LATER, droplets=3)
