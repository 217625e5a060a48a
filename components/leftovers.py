"""What a killed run has created without anybody noting it: found by name, and removed before it is created again.

An engine that ends between the API's answer and its own note leaves a VPC, a firewall, a volume or a record behind,
and the next run's create would be refused, since names are taken. Droplets have their own way: components/rollout.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi

from components.configuration import ProviderAccess

Removal = Callable[[], Awaitable[list[str]]]
"""Removes what is in the way and gives a name of each thing."""


def clearing(opts: pulumi.ResourceOptions, name: str, removal: Removal) -> pulumi.ResourceOptions:
    """Options of a resource before whose creation the way is cleared; ``name`` is its own name."""

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        for removed in await removal():
            pulumi.log.warn(
                f"{removed} was left by a run that was ended while it created it: removed, to be made anew"
            )

    hook = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-leftover", clear)])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hook))


def vpc(access: ProviderAccess, name: str, description: str) -> Removal:
    """A VPC of this name, which must have this description: another one is not ours."""
    return _named(access, "vpcs", name, {"description": description})


def firewall(access: ProviderAccess, name: str, tag: str) -> Removal:
    """A firewall of this name for the droplets with this tag alone."""
    return _named(access, "firewalls", name, {"tags": [tag]})


def volume(access: ProviderAccess, name: str, region: str, description: str) -> Removal:
    """A volume of this name, if it is sure to be empty: new, and never attached to any droplet."""

    async def remove() -> list[str]:
        from components.removal import remove_blank_volume  # noqa: PLC0415  # as below

        return await remove_blank_volume(access, name, region, description)

    return remove


def record(access: ProviderAccess, zone_id: pulumi.Output[str], name: str, comment: str) -> Removal:
    """A record of this name, with this comment."""

    async def remove() -> list[str]:
        from components.removal import remove_record  # noqa: PLC0415  # as below

        return await remove_record(access, str(await zone_id.future()), name, comment)

    return remove


def _named(access: ProviderAccess, kind: str, name: str, ours: Mapping[str, Any]) -> Removal:
    async def remove() -> list[str]:
        # It loads an HTTP client that a run which creates nothing goes without.
        from components.removal import remove_named  # noqa: PLC0415

        return await remove_named(access, kind, name, ours)

    return remove
