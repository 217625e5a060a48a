"""What the first run decided, for the whole life of the cluster."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import pulumi


class Founding:
    """The founding record: cluster token, founding size, and the run that founded the cluster.

    A ``pulumi.Stash`` whose input is ignored after its creation: later runs read what the first one stored.
    """

    token: pulumi.Output[str]
    """``ETCD_INITIAL_CLUSTER_TOKEN``: unique to this founding."""
    size: pulumi.Output[int]
    """How many members found the cluster together. It fails where the configuration now asks for another number."""

    def __init__(self, name: str, *, size: int, opts: pulumi.ResourceOptions) -> None:
        self.run = secrets.token_hex(16)
        self.record = pulumi.Stash(
            f"{name}-founding",
            input={"token": f"{name}-{secrets.token_hex(8)}", "size": size, "run": self.run},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["input"])),
        )
        self.token = self.record.output.apply(lambda record: str(record["token"]))
        self.size = self.record.output.apply(lambda record: unchanged_size(int(record["size"]), size))

    def unless_founding(
        self, gate: pulumi.Resource, *, always: Sequence[pulumi.Resource]
    ) -> pulumi.Output[list[pulumi.Resource]]:
        """What a droplet depends on: its gate and ``always``, but not the gate in the very run that founds the cluster.

        The founding members wait for each other, so that run creates them together.
        """

        def wanted(record: Any) -> list[pulumi.Resource]:
            return [*always] if record["run"] == self.run else [gate, *always]

        return self.record.output.apply(wanted)


class ResizeError(pulumi.RunError):
    """The configuration asks for another number of members than the cluster has."""


def unchanged_size(founded: int, wanted: int) -> int:
    """The founding size, which is the only one that a cluster can have so far.

    Raises ``ResizeError`` before any droplet is registered, so that no member's droplet is deleted while it
    still votes.
    """
    if wanted != founded:
        raise ResizeError(
            f"etcd:size is {wanted}: the cluster was founded with {founded} members, and changing their number is "
            f"not possible yet. Set it back to {founded}, or found another cluster in a stack of its own"
        )
    return founded
