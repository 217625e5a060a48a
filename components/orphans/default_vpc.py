"""The default VPC of a region, which must be there before the cluster's own is made.

DigitalOcean makes the first VPC of a region that region's default one, whatever the request says, and refuses to delete
it: ``403 Can not delete default VPCs`` (https://github.com/digitalocean/godo/issues/337). By itself it makes
``default-<region>`` with the first droplet that names no VPC. All of ours name one; so in an account that has
no VPC in the region, the cluster's would become the default, and ``pulumi destroy`` would fail. The provider has no
input for it.
"""

from __future__ import annotations

import httpx
import pulumi

from components.api.listing import list_all
from components.api.retry import PAUSES
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess, digitalocean_access


class DefaultVpcError(Exception):
    """The region has no default VPC, and got none; the text says why, and what to do."""


def after_default_vpc(opts: pulumi.ResourceOptions, name: str, region: str) -> pulumi.ResourceOptions:
    """Options of a VPC before whose creation its region has a default one; ``name`` is the resource's own.

    The default VPC is the account's: no stack has it, and none deletes it.
    """

    async def ensure(_: pulumi.ResourceHookArgs) -> None:
        if made := await ensure_default_vpc(digitalocean_access(), region):
            pulumi.log.info(
                f"{region} had no VPC, and its first one could never be deleted: made {made}, as DigitalOcean does "
                "with a region's first droplet. It belongs to the account and stays there"
            )

    hook = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-default", ensure)])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hook))


async def ensure_default_vpc(access: ProviderAccess, region: str) -> str:
    """Make a region's default VPC unless it has one; the name of what was made, or nothing.

    Raises ``ListingError``, or ``DefaultVpcError`` when DigitalOcean refuses and nobody else has made one meanwhile.
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
    # Another run may have been quicker, or the answer of a success was lost.
    if await _has_default(access, region):
        return ""
    raise DefaultVpcError(
        f"{region} has no VPC, and DigitalOcean did not make {name}: {refusal}. Without it the cluster's VPC would "
        f"be the region's default one, which cannot be deleted: make a VPC in {region} by hand, or run pulumi up again"
    )


async def _has_default(access: ProviderAccess, region: str) -> bool:
    vpcs = await list_all(access.api_url, "vpcs", access.token, pauses=PAUSES)
    return any(vpc["region"] == region and vpc["default"] for vpc in vpcs)
