"""Tells the operator by when certificates must be renewed."""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi

from components.pki.validity import Renewal


def announce(
    name: str, renewal: pulumi.Output[Renewal], *, opts: pulumi.ResourceOptions
) -> pulumi.Output[dict[str, str]]:
    """The dates as an output of the stack, with a warning where one is near or past.

    A stash keeps the dates of the run before: a run that renews certificates, and its preview, say which date that
    is about, while those that it issues are not due for long.
    """
    dates = renewal.apply(Renewal.shown)

    def renews(args: pulumi.ResourceHookArgs) -> None:
        before = Renewal.recorded((args.old_inputs or {})["input"])
        _warn(before.warning(datetime.now(UTC)))

    hook = pulumi.ResourceHook(
        f"{name}-certificates", renews, opts=pulumi.ResourceHookOptions(on_dry_run=True)
    )
    pulumi.Stash(
        f"{name}-certificates",
        input=dates,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
        ),
    )

    def look(current: Renewal) -> None:
        _warn(current.warning(datetime.now(UTC)))
        _warn(current.authority_warning())

    renewal.apply(look)
    return dates


def _warn(text: str) -> None:
    if text:
        pulumi.log.warn(text)
