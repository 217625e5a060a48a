"""Decides whether this run's cluster is the one that the account and the stack's state hold.

A cluster's name, tag and descriptions follow from the names of project and stack. So they are no proof: another state,
another backend or a renamed stack leads to the same names, or to a second cluster beside the first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..config.naming import key_of
from .cluster_identity import identities_in, identity_of
from .stack_state import StackState, bootstrap_record

UNCHANGED = "Nothing was changed"


@dataclass(frozen=True)
class Component:
    """The component of a cluster, in a program that may have other clusters."""

    name: str
    """Its name in the program."""
    aliases: frozenset[str] = frozenset()
    """The names that it had before."""
    has_aliases: bool = False
    """Whether it or its parent has aliases, which may lead to where it was before."""
    urn: pulumi.Output[str] | None = None
    """Its URN in this run."""


@dataclass(frozen=True)
class Run:
    """The names that a run gives to what it creates."""

    cluster: str
    """The name of the cluster, which is its tag: ``etcd-<project>-<stack>``."""
    organization: str
    project: str
    stack: str
    component: Component | None = None
    """The component; ``None`` where the program has this cluster alone."""
    component_urn: str = ""
    """The component's URN in this run."""


@dataclass(frozen=True)
class ClusterDroplet:
    """A droplet with the cluster's tag, or with a member's name."""

    id: int
    name: str
    tags: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


def renamed(run: Run, state: StackState) -> str:
    """Say that the state holds a cluster of another name, which this run would delete. Empty if it does not.

    A cluster that never was healthy may stay in the state of another one that was. An earlier version of the program
    has left it there under a wrong name, and the engine deletes it.
    """
    if run.component is not None:
        return _component_renamed(run, run.component, state)
    others = state.clusters - {run.cluster}
    if not others or (run.cluster in state.healthy and not others & state.healthy):
        return ""
    other = min(others & state.healthy or others)
    return (
        f"the state of stack {run.stack} holds the cluster {other}, and this run would delete it and create "
        f"the cluster {run.cluster}: a cluster is named after its project and its stack, and one of them was renamed. "
        f"{_rename_back(run, other)}. docs/recovery.md, Renamed, says more. {UNCHANGED}"
    )


def unknown_cluster(
    run: Run, state: StackState, droplets: Sequence[ClusterDroplet], volumes: Sequence[Mapping[str, Any]]
) -> str:
    """Say that the account holds a cluster that the state does not know. Empty if it does not.

    The bootstrap record is in the state before anything of the cluster is in the account. So a state without it knows
    nothing that is there, and an interrupted bootstrap leaves a state with it.
    """
    if state.token:
        return _other_identity(run, state, droplets) or _unknown_ids(run, state, droplets, volumes)
    kept = cluster_volumes(volumes, run.cluster)
    if droplets:
        found = f"droplet {', '.join(map(str, droplets))}"
    elif kept:
        found = f"volume {', '.join(kept)}, which may hold a member's data"
    else:
        return ""
    names = sorted({*identities_in(_tags(droplets)).values()})
    if run.component is not None and (known := [one for one in names if _knows(state, one)]):
        former = state.component_urns.get(known[0], "")
        alias = f", and {_add_alias(former)}" if former else ""
        return (
            f"the account has {found} of the cluster {known[0]}, which the state of stack {run.stack} knows, and this "
            f"run would create the cluster {run.cluster} with the same members' names. If the component was renamed, "
            f"set args.clusterName to {known[0]}{alias}. If it is another cluster, set another {key_of('domain')}. "
            f"{UNCHANGED}"
        )
    owner = f"of the cluster {' and '.join(names)}" if names else "of a cluster"
    and_name = _and_another_name(run, droplets, kept)
    return (
        f"the account has {found} {owner}, and the state of stack {run.stack} does not know it. If the state was "
        "lost, import a kept export with pulumi stack import --file, and run pulumi up. Without an export, follow "
        "docs/recovery.md, State lost. If the project was renamed, rename it back. If this is to be another cluster, "
        f"set another {key_of('domain')}{and_name}. {UNCHANGED}"
    )


def _and_another_name(run: Run, droplets: Sequence[ClusterDroplet], volumes: Collection[str]) -> str:
    """What else another cluster must have of its own. The names of two components can be equal in two stacks."""
    if run.component is None:
        # Such a cluster has the name of the stack.
        return " and use another name for the stack"
    same_name = volumes or run.cluster.casefold() in (tag.casefold() for tag in _tags(droplets))
    return " and another args.clusterName" if same_name else ""


def _knows(state: StackState, cluster: str) -> bool:
    """Whether the state has the bootstrap record of a cluster."""
    return any(urn.endswith(f"::{bootstrap_record(cluster)}") for urn in state.urns)


def cluster_volumes(volumes: Sequence[Mapping[str, Any]], cluster: str) -> dict[str, str]:
    """Ids of the volumes that a cluster of this name has, by their names."""
    named = re.compile(rf"{re.escape(cluster)}-[1-9]\d*")
    return {one["name"]: str(one["id"]) for one in volumes if named.fullmatch(one["name"])}


def needs_volumes(state: StackState, droplets: Sequence[ClusterDroplet]) -> bool:
    """Whether the account's volumes decide whose cluster it is."""
    return not state.token or _none_known(state, droplets)


def _other_identity(run: Run, state: StackState, droplets: Sequence[ClusterDroplet]) -> str:
    own = identity_of(state.token)
    foreign = [one for one in droplets if {*identities_in(one.tags)} - {own}]
    if not foreign:
        return ""
    identities = {
        identity: name for identity, name in identities_in(_tags(foreign)).items() if identity != own
    }
    named = " and ".join(f"{name} with the id {identity}" for identity, name in sorted(identities.items()))
    return (
        f"droplet {', '.join(map(str, foreign))} belongs to the cluster {named}, and the state of stack {run.stack} "
        f"has the cluster {run.cluster} with the id {own}. Use the state of the account's cluster (the right backend "
        "and stack, or pulumi stack import --file with a kept export), or the tokens of this stack's account, or "
        f"another {key_of('domain')}. {UNCHANGED}"
    )


def _unknown_ids(
    run: Run, state: StackState, droplets: Sequence[ClusterDroplet], volumes: Sequence[Mapping[str, Any]]
) -> str:
    """Droplets of an earlier version of the program carry no identity. There, ids decide."""
    if not _none_known(state, droplets):
        return ""
    if state.ids & {*cluster_volumes(volumes, run.cluster).values()}:
        return ""
    return (
        f"the account has droplet {', '.join(map(str, droplets))} of the cluster {run.cluster}, and the state of stack "
        f"{run.stack} knows none of its droplets and volumes. If the state was lost, import a kept export with pulumi "
        "stack import --file, and run pulumi up. Without an export, follow docs/recovery.md, State lost. "
        f"{UNCHANGED}"
    )


def _none_known(state: StackState, droplets: Sequence[ClusterDroplet]) -> bool:
    """Whether no droplet is surely this state's: none carries an identity, and the state has no id of one.

    The state may be an old export, and all droplets may have been replaced since. Then their volumes are known.
    """
    return (
        bool(droplets)
        and not identities_in(_tags(droplets))
        and not state.ids & {str(one.id) for one in droplets}
    )


def _component_renamed(run: Run, component: Component, state: StackState) -> str:
    """Other clusters of the state may be those of other components, or were removed from the program on purpose."""
    for name in sorted({component.name, *component.aliases}):
        former = state.by_component.get(name, run.cluster)
        if former != run.cluster and former in state.healthy:
            return (
                f"the state of stack {run.stack} holds the cluster {former} for the component {name}, and this run "
                f"would delete it and create the cluster {run.cluster}: args.clusterName was changed, or it is not set "
                "and project, stack or component were renamed. Set args.clusterName to "
                f"{former} to keep it. {UNCHANGED}"
            )
    return _component_moved(run, component, state)


def _component_moved(run: Run, component: Component, state: StackState) -> str:
    """Say that the component has a parent of another type, so that the engine takes everything in it for new."""
    former = state.component_urns.get(run.cluster, "")
    # A URN has the types of the parents, and not their names.
    moved = former and run.component_urn and _types(former) != _types(run.component_urn)
    if not moved or component.has_aliases or run.cluster not in state.healthy:
        return ""
    return (
        f"the state of stack {run.stack} has the cluster {run.cluster} at {former}, and this run would delete it and "
        f"create it again at {run.component_urn}: the component has another parent than before. Give it its former "
        f"parent again, or {_add_alias(former)}. {UNCHANGED}"
    )


def _add_alias(former: str) -> str:
    """What lets the engine find a component that had another URN."""
    return f"add this alias to the options of the component: {former}"


def _types(urn: str) -> str:
    return urn.rpartition("::")[0]


def _rename_back(run: Run, other: str) -> str:
    stack = other.removeprefix(f"etcd-{run.project}-")
    if stack != other:
        return f"If the stack was renamed, rename it back: pulumi stack rename {stack}"
    project = other.removeprefix("etcd-").removesuffix(f"-{run.stack}")
    if f"etcd-{project}-{run.stack}" != other:
        return "If project and stack were renamed, rename both back: docs/recovery.md, Renamed"
    return (
        f"If the project was renamed, rename it back: pulumi stack rename {run.organization}/{project}/{run.stack}, "
        f"and name: {project} in Pulumi.yaml"
    )


def _tags(droplets: Collection[ClusterDroplet]) -> list[str]:
    return [tag for one in droplets for tag in one.tags]
