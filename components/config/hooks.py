"""Hooks and transforms that speak to the caller of their own cluster.

The engine calls them in a context of the SDK, which knows nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable

import pulumi

from .interruption import until_interrupted
from .naming import named_by, names
from .running_clusters import report_failure, running, running_cluster

Act = Callable[[pulumi.ResourceHookArgs], Awaitable[None] | None]


def resource_hook(name: str, act: Act, *, in_previews: bool = False) -> pulumi.ResourceHook:
    """A hook whose errors and log lines use the names of the caller in whose context it is made.

    Its error waits until the changes of other clusters are done.

    ``in_previews`` is whether the engine also calls it in a preview.
    """
    caller, cluster = names(), running_cluster()

    async def work(args: pulumi.ResourceHookArgs) -> None:
        with named_by(caller), running(cluster):
            try:
                done = act(args)
                if isawaitable(done):
                    await done
            except Exception as error:
                report_failure(error)
                if cluster is not None:
                    await cluster.wait_for_others(in_hook=True)
                raise

    async def run(args: pulumi.ResourceHookArgs) -> None:
        await until_interrupted(work(args))

    return pulumi.ResourceHook(name, run, opts=pulumi.ResourceHookOptions(on_dry_run=in_previews))


Transform = Callable[[pulumi.ResourceTransformArgs], Awaitable[pulumi.ResourceTransformResult | None]]


def resource_transform(change: Transform) -> Transform:
    """A transform whose texts use the names of the caller in whose context it is made."""
    caller = names()

    async def run(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        with named_by(caller):
            return await change(args)

    return run
