"""A record that makes the engine refuse to destroy the cluster, while ``etcd:protect`` is true."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from ..identity.stack_state import STASH_TYPE


def protect_from_destroy(
    name: str,
    cluster: pulumi.Resource,
    *,
    protect: bool,
    parent: pulumi.Resource | None,
    aliases: Sequence[pulumi.Input[str]] = (),
) -> pulumi.Stash:
    """Register the record. ``cluster`` is the component with all resources of the cluster, ``parent`` its parent.

    ``aliases`` are the URNs that the component had before. The record was beside it.

    The record depends on all of them, so a destroy would delete it first. While it is protected, the engine refuses
    that, and deletes nothing that it depends on: not with ``--skip-preview``, ``--target``, ``--exclude-protected`` or
    ``--continue-on-error`` either. No other resource is protected, because the engine also refuses to replace a
    protected resource, as a rolling change does, and to delete one, as a smaller size does.

    The record always exists. If it were removed when ``protect`` becomes false, the engine would refuse to delete it.
    """
    return pulumi.Stash(
        f"{name}-protect",
        input="etcd:protect",
        opts=pulumi.ResourceOptions(
            parent=parent,
            protect=protect,
            depends_on=[cluster],
            aliases=[
                pulumi.Output.from_input(alias).apply(lambda urn: _beside(urn, name)) for alias in aliases
            ],
        ),
    )


def _beside(component: str, name: str) -> str:
    """The URN of the record of a component with this URN."""
    start, _, types = component.rpartition("::")[0].rpartition("::")
    parents = types.rpartition("$")[0]
    return f"{start}::{f'{parents}$' if parents else ''}{STASH_TYPE}::{name}-protect"
