"""The default VPC of a region: it contains the droplets that were created without a VPC. It cannot be deleted."""

from __future__ import annotations

import uuid

from localcloud.api.addressing import vpc_range
from localcloud.api.model import Vpc
from localcloud.api.store import Store


def find_default(store: Store, region: str) -> Vpc | None:
    """Return a region's default VPC, or ``None``."""
    return next((vpc for vpc in store.all(Vpc) if vpc.region == region and vpc.default), None)


def ensure_default(store: Store, region: str) -> Vpc:
    """Return a region's default VPC, and create it if it is missing."""
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
