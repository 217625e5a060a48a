"""The default VPC of a region, which must exist before the cluster's own VPC is created.

DigitalOcean makes the first VPC of a region the default one, whatever the request says, and refuses to delete it:
``403 Can not delete default VPCs`` (https://github.com/digitalocean/godo/issues/337). It creates ``default-<region>``
by itself with the first droplet that names no VPC, but all droplets of a cluster name one. So in an account without a
VPC in the region, the cluster's VPC would become the default, and ``pulumi destroy`` would fail. The provider has no
input for this.
"""

from __future__ import annotations

import httpx
import pulumi

from ..api.listing import list_all
from ..api.retry import PAUSES
from ..api.retrying_client import RetryingClient
from ..config.hooks import resource_hook
from ..config.loading import ProviderAccess
from ..run_log import log


class DefaultVpcError(Exception):
    """The region has no default VPC, and none could be created. The text says why and what to do."""


def after_default_vpc(
    opts: pulumi.ResourceOptions, name: str, region: str, access: ProviderAccess
) -> pulumi.ResourceOptions:
    """Add a hook that creates the region's default VPC before a VPC is created. ``name`` is the resource's name.

    The default VPC belongs to the account. No stack contains or deletes it.
    """

    async def ensure(_: pulumi.ResourceHookArgs) -> None:
        if made := await ensure_default_vpc(access, region):
            log.info(
                f"created the VPC {made}, because {region} had none: DigitalOcean never deletes a region's first VPC. "
                "It belongs to the account and stays there"
            )

    hook = pulumi.ResourceHookBinding(before_create=[resource_hook(f"{name}-default", ensure)])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hook))


async def ensure_default_vpc(access: ProviderAccess, region: str) -> str:
    """Create a region's default VPC unless it has one. Returns its name, or nothing if none was created.

    Raises ``ListingError``. Raises ``DefaultVpcError`` when DigitalOcean refuses and no other run created one.
    """
    if await _has_default(access, region):
        return ""
    name = f"default-{region}"
    async with RetryingClient(access, "/v2/") as api:
        try:
            answer = await api.post("vpcs", {"name": name, "region": region})
            refusal = "" if answer.is_success else f"{answer.status_code} {answer.text[:200]}"
        except httpx.HTTPError as error:
            refusal = f"{type(error).__name__} {error}"
    if not refusal:
        return name
    # Another run may have created it meanwhile, or the answer to a successful request was lost.
    if await _has_default(access, region):
        return ""
    raise DefaultVpcError(
        f"{region} has no VPC, and DigitalOcean did not create {name}: {refusal}. Without it the cluster's VPC would "
        f"become the region's default VPC, which cannot be deleted. Create a VPC in {region} by hand, or run pulumi up "
        "again"
    )


async def _has_default(access: ProviderAccess, region: str) -> bool:
    vpcs = await list_all(access.api_url, "vpcs", access.token, pauses=PAUSES)
    return any(vpc["region"] == region and vpc["default"] for vpc in vpcs)
