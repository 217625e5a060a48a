"""A run knows for sure which members have a droplet before it changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import Observation
from tests.component.conftest import Plan, PlanOf, State, droplet, healthy_state
from tests.unit.components.rollout.running_members import observed

DROPLET = "digitalocean:index/droplet:Droplet"
STASH = "pulumi:index:Stash"
THREE = [droplet(1), droplet(2), droplet(3)]
LATER = {"token": "t", "size": 3}


@pytest.mark.parametrize(
    ("discovered", "account", "error"),
    [
        (
            [],
            THREE,
            r"etcd:discoveryToken does not list droplet etcd-server-1\.etcd\.example\.com \(1\), etcd-server-2",
        ),
        (THREE[:2], THREE, r"etcd:discoveryToken does not list droplet etcd-server-3\.etcd\.example\.com \(3\) "),
        (THREE, [], r"digitalocean:token does not list droplet etcd-server-1"),
    ],
    ids=["discovery token of another team", "discovery token lists some", "provider token of another team"],
)  # fmt: skip
def test_tokens_that_list_different_droplets_are_rejected_first(
    plan_of: PlanOf, discovered: list[Any], account: list[Any], error: str
) -> None:
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=error):
        plan_of(plan=plan, bootstrap=LATER, discovered=discovered, account=account)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_droplets_are_named_in_the_members_order(plan_of: PlanOf) -> None:
    created_backwards = [{**droplet(number), "id": 10 - number} for number in (3, 2, 1)]
    with pytest.raises(
        pulumi.RunError, match=r"etcd-server-1\.\S+ \(9\), etcd-server-2\.\S+ \(8\), etcd-server-3"
    ):
        plan_of(bootstrap=LATER, discovered=[], account=created_backwards)


@pytest.mark.parametrize(
    ("discovered", "account"),
    [
        ([], [droplet(number, tags=["etcd"]) for number in (1, 2, 3)]),
        (THREE[1:], [droplet(1, tags=[]), *THREE[1:]]),
    ],
    ids=["the tag was deleted", "one droplet lost its tag"],
)
def test_droplets_without_their_tag_still_wait_for_their_gates(
    plan_of: PlanOf, discovered: list[Any], account: list[Any]
) -> None:
    assert gated(plan_of(bootstrap=LATER, discovered=discovered, account=account)) == [True] * 3


@pytest.mark.parametrize("preview", [True, False], ids=["a preview", "a run"])
@pytest.mark.parametrize("kind", ["", "-UP", "-SIZE-3", "-ONE-AT-A-TIME"])
def test_a_tag_with_other_capitals_is_refused_before_anything_is_created(
    plan_of: PlanOf, kind: str, preview: bool
) -> None:
    plan, found = Plan(), f"ETCD-ETCD-FRA1{kind}"
    with pytest.raises(pulumi.RunError, match=f"needs the tag {found.lower()}") as refusal:
        plan_of(plan=plan, tags=[found], preview=preview)
    assert str(refusal.value).endswith(f"Delete it: doctl compute tag delete {found}\nNothing was changed.")
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_other_capitals_are_not_taken_for_another_account(plan_of: PlanOf) -> None:
    with pytest.raises(pulumi.RunError, match="needs the tag etcd-etcd-fra1") as refusal:
        plan_of(tags=["ETCD-ETCD-FRA1"], bootstrap=LATER)
    assert "neither a droplet of it nor the tag" not in str(refusal.value)


@pytest.mark.parametrize("preview", [True, False], ids=["a preview", "a run"])
def test_a_droplet_without_its_tag_is_named_with_the_command_that_adds_it(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, preview: bool
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))

    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        return observed()

    monkeypatch.setattr(ClusterClient, "observe", observe)
    account = [THREE[0], droplet(2, tags=[]), THREE[2]]
    plan_of(bootstrap=LATER, discovered=[THREE[0], THREE[2]], account=account, preview=preview)
    (warning,) = [text for text in warned if "lacks the tag" in text]
    assert warning.startswith(
        "droplet etcd-server-2.etcd.example.com (2) lacks the tag etcd-etcd-fra1, by which"
    )
    assert warning.endswith("doctl compute droplet tag 2 --tag-name etcd-etcd-fra1")


def test_a_droplet_that_the_state_does_not_know_is_not_to_be_tagged(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    plan_of(bootstrap=LATER, discovered=THREE[1:], account=[droplet(1, tags=[]), *THREE[1:]])
    (warning,) = [text for text in warned if "lacks the tag" in text]
    assert "the state of this stack does not know the droplet" in warning
    assert "doctl" not in warning


def test_a_leaving_member_without_its_tag_keeps_its_droplet_in_view(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: warned.append(text))
    name = droplet(4)["name"]
    state = {**healthy_state(LATER), (DROPLET, "etcd-etcd-fra1-4"): {"id": "4", "name": name}}
    plan_of(bootstrap=LATER, state=state, discovered=THREE, account=[*THREE, droplet(4, tags=[])])
    assert any(f"droplet {name} (4) lacks the tag" in text for text in warned)


def test_a_renamed_droplet_does_not_count_as_a_lost_one(plan_of: PlanOf) -> None:
    renamed = [*THREE[:2], droplet(3, name="old")]
    with pytest.raises(
        pulumi.RunError, match=r"droplet old \(3\) .* etcd-server-3\.etcd\..* rename the droplet back"
    ):
        plan_of(bootstrap=LATER, discovered=renamed, account=renamed)


def test_another_droplet_may_have_the_tag_while_no_member_is_missing(plan_of: PlanOf) -> None:
    everybody = [*THREE, droplet(9, name="bastion")]
    assert gated(plan_of(bootstrap=LATER, discovered=everybody, account=everybody)) == [True] * 3


def test_other_droplets_of_the_account_are_ignored(plan_of: PlanOf) -> None:
    account = [
        *THREE,
        droplet(7, name="web-1", tags=["web"]),
        droplet(8, name="etcd-server-1.b.example.com", tags=[]),
    ]
    assert gated(plan_of(bootstrap=LATER, discovered=THREE, account=account)) == [True] * 3


def test_a_healthy_cluster_is_not_created_again_in_another_account(
    plan_of: PlanOf,
) -> None:
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=r"this stack has a cluster, .* nor the tag etcd-etcd-fra1\. "):
        plan_of(plan=plan, droplets=0, tags=[], bootstrap=LATER)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


@pytest.mark.parametrize(
    ("tags", "state"),
    [
        ([], {}),
        ([], {(STASH, "etcd-etcd-fra1-founding"): {"output": LATER}}),
        (["etcd-etcd-fra1"], healthy_state(LATER)),
    ],
    ids=["a bootstrap", "a bootstrap after a failed one", "all droplets were lost"],
)
def test_members_that_never_were_healthy_or_are_lost_are_created(
    plan_of: PlanOf, tags: list[str], state: State
) -> None:
    assert gated(plan_of(droplets=0, tags=tags, state=state, bootstrap=LATER)) == [False] * 3


@pytest.mark.parametrize(
    "known", [{}, {("etcd:index:EtcdCluster", "etcd-etcd-fra1"): {}}], ids=["new stack", "refused before"]
)
@pytest.mark.parametrize(
    ("account", "volumes"),
    [(THREE, []), ([], [{"name": "etcd-etcd-fra1-1", "id": "v1"}])],
    ids=["droplets", "a volume"],
)
def test_a_lost_state_is_refused_before_any_resource(
    plan_of: PlanOf, known: State, account: list[Any], volumes: list[Any]
) -> None:
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=r"the state of stack fra1 does not know it\. .* stack import"):
        plan_of(plan=plan, state=known, discovered=account, account=account, volumes=volumes)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_a_state_that_cannot_be_read_ends_the_run_before_any_resource(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("no such backend")

    monkeypatch.setattr("pulumi.runtime.invoke_async", fail)
    monkeypatch.setattr("components.identity.stack_state.READ_PAUSES", (0.0,))
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=r"stack \S+/etcd/fra1 was not read: no such backend"):
        plan_of(plan=plan)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_a_state_that_the_engine_is_saving_is_read_again(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [RuntimeError("failed to load checkpoint: EOF")]
    read = pulumi.runtime.invoke_async

    async def fail_once(*arguments: Any) -> Any:
        if answers:
            raise answers.pop()
        return await read(*arguments)

    monkeypatch.setattr("pulumi.runtime.invoke_async", fail_once)
    assert len(plan_of(droplets=3).of_type(DROPLET)) == 3
    assert not answers


def test_a_renamed_stack_is_refused_before_any_resource(plan_of: PlanOf) -> None:
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=r"the cluster etcd-etcd-old, .*: pulumi stack rename old"):
        plan_of(plan=plan, state={("etcd:index:EtcdCluster", "etcd-etcd-old"): {}}, droplets=3)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_droplets_of_another_cluster_with_the_same_name_are_refused(plan_of: PlanOf) -> None:
    foreign = [{**droplet(1), "tags": ["etcd-etcd-fra1", "etcd-etcd-fra1-id-0123456789ab"]}]
    with pytest.raises(pulumi.RunError, match="the cluster etcd-etcd-fra1 with the id 0123456789ab"):
        plan_of(bootstrap=LATER, discovered=foreign, account=foreign)


def test_a_preview_names_marker_tags_that_no_state_has(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []

    def warn(text: str, **_: object) -> None:
        warnings.append(text)

    monkeypatch.setattr(pulumi.log, "warn", warn)
    plan_of(
        bootstrap=LATER, droplets=3, tags=["etcd-etcd-fra1", "etcd-etcd-fra1-size-3", "etcd-etcd-fra1-size-5"]
    )
    assert [text for text in warnings if "in no state" in text] == [
        "the tag etcd-etcd-fra1-size-5 is in no state, and no resource has it: pulumi up deletes it"
    ]


def gated(plan: Plan) -> list[bool]:
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    return [bool(item.dependencies & gates) for item in plan.of_type(DROPLET)]
