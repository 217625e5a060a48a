"""An etcd cluster on DigitalOcean droplets, as Pulumi components."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .arguments.types import (
        Access,
        Backups,
        Client,
        ClientOutput,
        Dns,
        Etcd,
        EtcdClusterArgs,
        Maintenance,
        MemberOutput,
        Members,
        Network,
        Permission,
        Tls,
    )
    from .cluster import EtcdCluster

__all__ = [
    "Access",
    "Backups",
    "Client",
    "ClientOutput",
    "Dns",
    "Etcd",
    "EtcdCluster",
    "EtcdClusterArgs",
    "Maintenance",
    "MemberOutput",
    "Members",
    "Network",
    "Permission",
    "Tls",
]


def __getattr__(name: str) -> Any:
    """Import what a caller names only then: the node's code and the tools import this package without Pulumi."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = ".cluster" if name == "EtcdCluster" else ".arguments.types"
    return getattr(import_module(module, __name__), name)
