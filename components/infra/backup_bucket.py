"""The bucket for backups, if the program creates it. It outlives the cluster, the stack and this setting.

Spaces refuses to create a bucket that exists, also to its owner: 409 ``BucketAlreadyExists``. Another cluster may have
left the bucket with its backups, or an interrupted run. So a run asks first, and takes an existing one into its state.
"""

from __future__ import annotations

from importlib.metadata import version

import pulumi
import pulumi_digitalocean as digitalocean

from ..config.backup_settings import spaces_region
from ..config.hooks import resource_hook, resource_transform
from ..config.naming import key_of, provider_key
from ..config.settings import Settings
from ..identity.stack_state import StackState
from ..run_log import log

NOT_FOUND = "not found"
"""The provider's words for a bucket that does not exist."""

FORBIDDEN = "status code: 403"
"""The provider's words for a bucket that its keys may not read."""


def backup_bucket(
    name: str, settings: Settings, *, stack: pulumi.Output[StackState], opts: pulumi.ResourceOptions
) -> list[digitalocean.SpacesBucket]:
    """Register the bucket of a cluster. None unless ``backup_bucket_create`` is set.

    Pulumi never deletes it: not by ``pulumi destroy``, not when the setting is removed, and not when it names another
    bucket. The provider itself refuses to delete a bucket that is not empty.
    """
    if not settings.backup_bucket_create:
        return []
    region = spaces_region(settings, settings.region)
    refusals: list[str] = []

    async def refuse(_: pulumi.ResourceHookArgs) -> None:
        if refusals:
            raise pulumi.RunError(refusals[0])

    async def adopt(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        known = await stack.future()
        if known is None or settings.backup_bucket in known.buckets:
            return None
        if not await _exists(settings.backup_bucket, region, opts.parent, refusals):
            return None
        log.info(f"the bucket {settings.backup_bucket} exists: this stack takes it over as it is")
        adopted = pulumi.ResourceOptions(import_=f"{region},{settings.backup_bucket}")
        return pulumi.ResourceTransformResult(args.props, pulumi.ResourceOptions.merge(args.opts, adopted))

    # A preview is refused as the run would be.
    hook = resource_hook(f"{name}-bucket", refuse, in_previews=True)
    keeping = pulumi.ResourceOptions(
        retain_on_delete=True,
        # Without this the provider would treat another name as an update, and keep using the old bucket.
        replace_on_changes=["name"],
        # Those of an existing bucket, and those that somebody sets later, stay.
        ignore_changes=["acl", "cors_rules", "force_destroy", "lifecycle_rules", "versioning"],
        transforms=[resource_transform(adopt)],
        hooks=pulumi.ResourceHookBinding(before_create=[hook]),
    )
    return [
        digitalocean.SpacesBucket(
            f"{name}-backups",
            name=settings.backup_bucket,
            region=region,
            opts=pulumi.ResourceOptions.merge(opts, keeping),
        )
    ]


async def _exists(bucket: str, region: str, parent: pulumi.Resource | None, refusals: list[str]) -> bool:
    """Whether the provider's keys can read a bucket. ``False`` if that is unknown: its creation tells the reason.

    Where Spaces refuses the bucket to these keys, ``refusals`` gets the reason.
    """
    try:
        # Not invoke_output: a failed output ends the run with a traceback, at any moment.
        await pulumi.runtime.invoke_async(
            "digitalocean:index/getSpacesBucket:getSpacesBucket",
            {"name": bucket, "region": region},
            pulumi.InvokeOptions(parent=parent, version=version("pulumi-digitalocean")),
        )
    # Pulumi raises a plain Exception.
    except Exception as error:
        reason = " ".join(str(error).rpartition("returned an error: ")[2].split())
        if FORBIDDEN in reason:
            refusals.append(refused(bucket, reason))
        elif NOT_FOUND not in reason:
            log.info(f"Spaces did not tell whether the bucket {bucket} exists: {reason}")
        return False
    return True


def refused(bucket: str, reason: str) -> str:
    """Why Spaces refuses a bucket to the provider's keys, and what to do."""
    return (
        f"{key_of('backupBucket')} is {bucket}: Spaces refuses it to the keys "
        f"{provider_key('digitalocean:spacesAccessId')} and {provider_key('digitalocean:spacesSecretKey')} "
        f"({reason}). If the bucket is yours, set a key of its account with full access. "
        "If it belongs to somebody else, choose another name"
    )
