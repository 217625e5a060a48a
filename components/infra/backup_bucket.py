"""The bucket for backups, if the program creates it. It outlives the cluster, the stack and this setting."""

from __future__ import annotations

import pulumi
import pulumi_digitalocean as digitalocean

from components.config.backup_settings import spaces_region
from components.config.settings import Settings


def backup_bucket(
    name: str, settings: Settings, *, opts: pulumi.ResourceOptions
) -> list[digitalocean.SpacesBucket]:
    """Register the bucket of a cluster. None unless ``backup_bucket_create`` is set.

    Pulumi never deletes it: not by ``pulumi destroy``, not when the setting is removed, and not when it names another
    bucket. The provider itself refuses to delete a bucket that is not empty.
    """
    if not settings.backup_bucket_create:
        return []
    keeping = pulumi.ResourceOptions(
        retain_on_delete=True,
        # Without this the provider would treat another name as an update, and keep using the old bucket.
        replace_on_changes=["name"],
    )
    return [
        digitalocean.SpacesBucket(
            f"{name}-backups",
            name=settings.backup_bucket,
            region=spaces_region(settings, settings.region),
            opts=pulumi.ResourceOptions.merge(opts, keeping),
        )
    ]
