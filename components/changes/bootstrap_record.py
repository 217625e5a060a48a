"""What the first run decided for the whole life of the cluster."""

from __future__ import annotations

import secrets

import pulumi

from ..identity.cluster_identity import identity_of
from ..identity.stack_state import bootstrap_record
from .stash_record import depending_on


class BootstrapRecord:
    """The cluster token, the number of initial members, and the backup to restore.

    It is a ``pulumi.Stash`` whose input is ignored after its creation. Later runs read what the first one stored.
    """

    token: pulumi.Output[str]
    """``ETCD_INITIAL_CLUSTER_TOKEN``, which no other cluster has."""
    identity: pulumi.Output[str]
    """A digest of the token, which the cluster's resources carry."""
    size: pulumi.Output[int]
    """The number of members that bootstrap the cluster. Members with higher numbers join it later."""

    restore: pulumi.Output[str]
    """The backup that the bootstrap restores; empty when the cluster begins without data."""

    def __init__(self, name: str, *, size: int, restore: str, opts: pulumi.ResourceOptions) -> None:
        self.record = pulumi.Stash(
            bootstrap_record(name),
            input={"token": f"{name}-{secrets.token_hex(8)}", "size": size, "restore": restore},
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["input"])),
        )
        self.token = self.record.output.apply(lambda record: str(record["token"]))
        self.identity = self.token.apply(identity_of)
        self.restore = self.record.output.apply(lambda record: str(record.get("restore", "")))
        self.size = self.record.output.apply(lambda record: int(record["size"]))

    def after_record(self, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Options of resources that depend on the record: the state knows the cluster before the account has any."""
        return depending_on([self.record], opts)
