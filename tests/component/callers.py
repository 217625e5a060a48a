"""Programs of callers: the arguments with which tests construct clusters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from components import EtcdCluster, EtcdClusterArgs

ARGS: EtcdClusterArgs = {
    "network": {"client_cidrs": ["198.51.100.0/24"]},
    "dns": {"domain": "etcd.example.com", "zone": "example.com"},
    "access": {"discovery_token": "discovery-token"},
}
"""The arguments that have no default, and a zone."""

CLUSTER = "etcd-etcd-fra1-store"
"""The name of the cluster whose component is called ``store``, in stack ``fra1`` of project ``etcd``."""


def args(**groups: Mapping[str, Any] | str) -> Any:
    """The arguments with some values changed: ``args(members={"size": 5})``. ``None`` removes a value."""
    changed: dict[str, Any] = copy.deepcopy(dict(ARGS))
    for group, values in groups.items():
        if isinstance(values, str):
            changed[group] = values
            continue
        merged = {**changed.get(group, {}), **values}
        changed[group] = {name: value for name, value in merged.items() if value is not None}
    return changed


def program(
    opts: pulumi.ResourceOptions | None = None, *, name: str = "store", **groups: Any
) -> Callable[[], EtcdCluster]:
    """A program with one cluster."""
    return lambda: EtcdCluster(name, args(**groups), opts)
