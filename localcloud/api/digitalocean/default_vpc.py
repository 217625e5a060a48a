"""The default VPC of a region: where droplets go that name none. It cannot be deleted while it is the default."""

from __future__ import annotations

import uuid

from localcloud.api.addressing import vpc_range
from localcloud.api.model import Vpc
from localcloud.api.store import Store


def find_default(store: Store, region: str) -> Vpc | None:
    """A region's default VPC, if it has one."""
    return next((vpc for vpc in store.all(Vpc) if vpc.region == region and vpc.default), None)


def ensure_default(store: Store, region: str) -> Vpc:
    """A region's default VPC, which is made by the first droplet in need."""
    if vpc := find_default(store, region):
        return vpc
    vpc = Vpc(
        id=str(uuid.uuid4()),
        name=f"default-{region}",
        region=region,
        ip_range=str(vpc_range(store)),
        default=True,
    )
    store.put(vpc)
    return vpc
