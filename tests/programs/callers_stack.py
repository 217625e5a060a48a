"""A stack of a caller's project, whose cluster has the APIs of a cloud without machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.arguments.values import arguments_of
from localcloud.tokens import DISCOVERY_TOKEN
from tests.cluster.previews import PreviewedStack


class CallersStack(PreviewedStack):
    """A stack of the project ``shop``, which a subclass writes. Its cluster has no DNS records.

    The program takes the arguments by ``pulumi.Config().require_object("cluster")``.
    """

    def values(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the cluster. ``changes`` are by their keys in this project's own configuration."""
        settings = {
            "discoveryApiUrl": self.digitalocean,
            "discoveryToken": DISCOVERY_TOKEN,
            "domain": "etcd.example.test",
            "clientCidrs": ["198.51.100.0/24"],
            **changes,
        }
        return {"shop:cluster": dict(arguments_of(settings))}
