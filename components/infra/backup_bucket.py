"""The bucket for backups, where the program makes it. It outlives the cluster, the stack and this setting."""

from __future__ import annotations

import pulumi
import pulumi_digitalocean as digitalocean

from components.config.backup_settings import spaces_region
from components.config.settings import Settings


def backup_bucket(
    name: str, settings: Settings, *, opts: pulumi.ResourceOptions
) -> list[digitalocean.SpacesBucket]:
    """The bucket of one cluster; none unless ``backup_bucket_create`` asks for it.

    Pulumi never deletes it: not by ``pulumi destroy``, not when the key goes, not when it names another bucket. The
    provider itself deletes no bucket that has something in it.
    """
    if not settings.backup_bucket_create:
        return []
    keeping = pulumi.ResourceOptions(
        retain_on_delete=True,
        # The provider takes another name for a change in place, and goes on with the bucket of the old one.
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
