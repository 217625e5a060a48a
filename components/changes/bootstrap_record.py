"""What the first run decided, for the whole life of the cluster."""

from __future__ import annotations

import secrets

import pulumi


class BootstrapRecord:
    """The founding record: cluster token and founding size.

    A ``pulumi.Stash`` whose input is ignored after its creation: later runs read what the first one stored.
    """

    token: pulumi.Output[str]
    """``ETCD_INITIAL_CLUSTER_TOKEN``: unique to this founding."""
    size: pulumi.Output[int]
    """How many members found the cluster together. Members with higher numbers only ever join."""

    restore: pulumi.Output[str]
    """The backup that the founding began with; empty when it began without data."""

    def __init__(self, name: str, *, size: int, restore: str, opts: pulumi.ResourceOptions) -> None:
        self.record = pulumi.Stash(
            f"{name}-founding",
            input={"token": f"{name}-{secrets.token_hex(8)}", "size": size, "restore": restore},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["input"])),
        )
        self.token = self.record.output.apply(lambda record: str(record["token"]))
        self.restore = self.record.output.apply(lambda record: str(record.get("restore", "")))
        self.size = self.record.output.apply(lambda record: int(record["size"]))
