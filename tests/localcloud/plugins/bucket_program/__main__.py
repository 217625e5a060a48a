"""A program that has nothing but the bucket for backups of a cluster."""

from __future__ import annotations

import asyncio

import pulumi

from components.config.settings import Settings
from components.identity.stack_state import read_stack_state
from components.infra.backup_bucket import backup_bucket

CLUSTER = "etcd-plugins-dev"

settings = Settings.model_validate(
    {
        "domain": "etcd.example.com",
        "zone": "example.com",
        "discoveryToken": "t",
        "clientCidrs": ["198.51.100.0/24"],
        "backupBucket": pulumi.Config().require("bucket"),
        "backupBucketCreate": True,
        "backupAccessKey": "access",
        "backupSecretKey": "secret",
    }
)
state = pulumi.Output.from_input(asyncio.ensure_future(read_stack_state(CLUSTER)))
backup_bucket(CLUSTER, settings, stack=state, opts=pulumi.ResourceOptions())
